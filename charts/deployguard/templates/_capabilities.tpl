{{/* "true" if a value is on, or if it is `auto` and the cluster has the capability: include with (list value "capability, or empty") */}}
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

{{/* The newest supported API version of flow control that the cluster serves; empty if there is none. Without a cluster, Helm assumes that
     every version is served, so this also compares the Kubernetes version: some GitOps tools render with `helm template --kube-version 1.28`. */}}
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
