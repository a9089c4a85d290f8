{{- define "deployguard.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for suffixes such as "-metrics": the name of a Service has at most 63 characters. */}}
{{- define "deployguard.fullname" -}}
{{- $name := include "deployguard.name" . -}}
{{- $release := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $release | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "deployguard.selectorLabels" -}}
app.kubernetes.io/name: {{ include "deployguard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The chart's own labels take precedence over commonLabels, because selectors depend on them. */}}
{{- define "deployguard.labels" -}}
{{- $ours := include "deployguard.selectorLabels" . | fromYaml -}}
{{- $_ := set $ours "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $ours "app.kubernetes.io/part-of" "deployguard" -}}
{{- $_ := set $ours "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $ours "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- merge $ours .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Metadata of a namespaced object: include with (list . "name"), optionally followed by further annotations and labels */}}
{{- define "deployguard.metadata" -}}
namespace: {{ (index . 0).Release.Namespace }}
{{ include "deployguard.clusterMetadata" . }}
{{- end -}}

{{- define "deployguard.clusterMetadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
{{- $more := dict -}}
{{- if gt (len .) 2 }}{{ $more = index . 2 }}{{ end -}}
{{- with merge (dict) $more $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
labels:
  {{- $labels := include "deployguard.labels" $root | fromYaml -}}
  {{- if gt (len .) 3 }}{{ $labels = merge $labels (index . 3) }}{{ end -}}
  {{- toYaml $labels | nindent 2 }}
{{- end -}}

{{/* Without this annotation `helm uninstall` deletes the definitions, and with them every policy, change and approval in the cluster. */}}
{{- define "deployguard.crdAnnotations" -}}
{{- if .Values.crds.keep -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}

{{- define "deployguard.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}
