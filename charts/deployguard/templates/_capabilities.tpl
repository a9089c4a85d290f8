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

{{/* The newest flow control that the cluster serves: v1 from 1.29, v1beta3 from 1.26 to 1.31; empty where it has neither. */}}
{{- define "deployguard.flowControl" -}}
{{- if .Capabilities.APIVersions.Has "flowcontrol.apiserver.k8s.io/v1" -}}
flowcontrol.apiserver.k8s.io/v1
{{- else if .Capabilities.APIVersions.Has "flowcontrol.apiserver.k8s.io/v1beta3" -}}
flowcontrol.apiserver.k8s.io/v1beta3
{{- end -}}
{{- end -}}

{{- define "deployguard.hasPrometheus" -}}
{{- include "deployguard.isOn" (list .Values.prometheus.enabled (include "deployguard.prometheusOperator" .)) -}}
{{- end -}}
