{{- define "redis.name" -}}
{{- .Values.nameOverride | default "redis" | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "redis.fullname" -}}
{{- required "fullnameOverride: rediskit sets it" .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "redis.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: {{ include "redis.name" . }}
{{- end }}

{{- define "redis.labels" -}}
{{ include "redis.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{- define "redis.image" -}}
image: {{ printf "%s/%s:%s" .registry .repository .tag | quote }}
imagePullPolicy: {{ .pullPolicy }}
{{- end }}

{{- define "redis.restricted" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
privileged: false
readOnlyRootFilesystem: true
runAsGroup: 999
runAsNonRoot: true
runAsUser: 999
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "redis.password" -}}
valueFrom:
  secretKeyRef:
    name: {{ required "auth.existingSecret: this chart generates no password" .Values.auth.existingSecret }}
    key: {{ .Values.auth.existingSecretPasswordKey }}
{{- end }}
