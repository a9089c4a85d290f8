{{/* "true" where a value is on, or is `auto` and the cluster has what it takes: include with (list value "what the cluster has, or empty") */}}
{{- define "deployguard.isOn" -}}
{{- $wanted := toString (index . 0) -}}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") (index . 1)) -}}
true
{{- end -}}
{{- end -}}

{{- define "deployguard.prometheusOperator" -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" -}}
true
{{- end -}}
{{- end -}}

{{/* The newest flow control that the cluster serves; empty where it has none that we know. Without a cluster helm takes every version for
     served, so its age is asked too: `helm template --kube-version 1.28` is how some GitOps tools render. */}}
{{- define "deployguard.flowControl" -}}
{{- $age := .Capabilities.KubeVersion.Version -}}
{{- if and (.Capabilities.APIVersions.Has "flowcontrol.apiserver.k8s.io/v1") (semverCompare ">=1.29-0" $age) -}}
flowcontrol.apiserver.k8s.io/v1
{{- else if and (.Capabilities.APIVersions.Has "flowcontrol.apiserver.k8s.io/v1beta3") (semverCompare ">=1.26-0" $age) -}}
flowcontrol.apiserver.k8s.io/v1beta3
{{- end -}}
{{- end -}}

{{- define "deployguard.hasPrometheus" -}}
{{- include "deployguard.isOn" (list .Values.prometheus.enabled (include "deployguard.prometheusOperator" .)) -}}
{{- end -}}
