{{- define "app.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "app.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "app.labels" -}}
{{ include "app.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "app.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What every pod of the chart may and may not. The image's user is 1000, and fsGroup lets it read secrets. */}}
{{- define "app.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "app.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* A volume with one secret as a file: (list NAME (dict "secret" … "key" …)). */}}
{{- define "app.secretVolume" -}}
{{- $name := index . 0 -}}
{{- $source := index . 1 -}}
- name: {{ $name | lower | replace "_" "-" }}
  secret:
    secretName: {{ $source.secret }}
    defaultMode: 0440
    items: [{ key: {{ $source.key | quote }}, path: value }]
{{- end -}}

{{- define "app.secretMount" -}}
- name: {{ . | lower | replace "_" "-" }}
  mountPath: /etc/stripe-config/{{ . | lower | replace "_" "-" }}
  readOnly: true
{{- end -}}

{{- define "app.secretPath" -}}
/etc/stripe-config/{{ . | lower | replace "_" "-" }}/value
{{- end -}}

{{/* Says what is missing, and what to set. */}}
{{- define "app.check" -}}
{{- $values := .Values -}}
{{- if not $values.image.repository }}{{ fail "Set image.repository to where you have pushed the image." }}{{ end -}}
{{- if not $values.secretSettings.DATABASE_URL }}{{ fail "Set secretSettings.DATABASE_URL.secret and .key to the Secret with the address of the database." }}{{ end -}}
{{- if not $values.keyRing.secret }}{{ fail "Set keyRing.secret to the Secret with the key ring; \"keys generate\" makes one." }}{{ end -}}
{{- if not $values.settings.PUBLIC_BASE_URL }}{{ fail "Set settings.PUBLIC_BASE_URL to the https address that users reach." }}{{ end -}}
{{- if $values.settings.AUTH_ISSUER -}}
{{- if not $values.settings.AUTH_AUDIENCE }}{{ fail "Set settings.AUTH_AUDIENCE to the aud that tokens for this service name." }}{{ end -}}
{{- else if not $values.secretSettings.AUTH_JWT_SECRET -}}
{{- fail "Set settings.AUTH_ISSUER to the iss of your identity provider's tokens, or secretSettings.AUTH_JWT_SECRET." -}}
{{- end -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}{{ fail "Set ingress.host to the name that users reach." }}{{ end -}}
{{- end -}}
