{{/* The Secret in which DeployGuard keeps its state, and its certificate if it creates its own. */}}
{{- define "deployguard.tlsSecret" -}}
{{ include "deployguard.fullname" . }}-tls
{{- end -}}

{{/* The Secret with a certificate from another source; empty if there is none. */}}
{{- define "deployguard.givenSecret" -}}
{{- $given := .Values.tls.existingSecret -}}
{{- if and $given .Values.tls.certManager.enabled -}}
{{- fail (printf "tls.existingSecret and tls.certManager.enabled are two sources of one certificate: unset tls.existingSecret (%s), or set tls.certManager.enabled to false" $given) -}}
{{- end -}}
{{- if eq $given (include "deployguard.tlsSecret" .) -}}
{{- fail (printf "tls.existingSecret: %s is the name of the Secret in which DeployGuard keeps its own state; give your Secret another name" $given) -}}
{{- end -}}
{{- if .Values.tls.certManager.enabled -}}
{{ include "deployguard.fullname" . }}-certificate
{{- else -}}
{{ $given }}
{{- end -}}
{{- end -}}
