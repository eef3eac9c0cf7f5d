{{/*
Names are fixed: admission policies and FlowSchemas know the service accounts by name, and a cluster has one of each.
*/}}
{{- define "switchback.name" -}}
switchback-{{ .Values.role }}
{{- end -}}

{{- define "switchback.selector" -}}
app.kubernetes.io/name: switchback
app.kubernetes.io/component: {{ .Values.role }}
{{- end -}}

{{- define "switchback.labels" -}}
{{ include "switchback.selector" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: switchback
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "switchback.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{/* The kind of cluster, as the label switchback.dev/lives-in and the folders of files/ call it. */}}
{{- define "switchback.cluster" -}}
{{ if eq .Values.role "hub" }}hub{{ else }}region{{ end }}
{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "switchback.check" -}}
{{- if ne .Release.Namespace "switchback-system" -}}
{{- fail (printf "install it into the namespace switchback-system, not %s: the admission policies and the credentials of the regions know that name (helm install --namespace switchback-system --create-namespace)" .Release.Namespace) -}}
{{- end -}}
{{- with .Values.tracing -}}
{{- if and .enabled (not .endpoint) (not .tracesEndpoint) -}}
{{- fail "tracing.endpoint is missing: where the collector takes OTLP over HTTP, for example http://collector.observability:4318" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.role "agent" -}}
{{- if not .Values.agent.region -}}
{{- fail "agent.region is missing: the name of this region, as the IUGroup on the hub names it" -}}
{{- end -}}
{{- with .Values.agent -}}
{{- if and .gate.image (not .rights.secretName) -}}
{{- fail "agent.rights.secretName is missing: gates ask the rights server, which is off without its certificate" -}}
{{- end -}}
{{- if and .gate.agents (not .gate.image) -}}
{{- fail "agent.gate.image is missing: gates need their image, by digest" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The port of the URL that traces are posted to, or the one that its scheme has. */}}
{{- define "switchback.collectorPort" -}}
{{- $url := urlParse (.Values.tracing.tracesEndpoint | default .Values.tracing.endpoint) -}}
{{- $default := ternary "443" "80" (eq $url.scheme "https") -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default $default -}}
{{- end -}}

{{/* Where gates reach the agents: the headless Service of this chart, unless the values say something else. */}}
{{- define "switchback.gateAgents" -}}
{{- if .Values.agent.gate.agents -}}
{{ join "," .Values.agent.gate.agents }}
{{- else -}}
https://switchback-agent-rights.{{ .Release.Namespace }}.svc:{{ .Values.agent.rights.port }}
{{- end -}}
{{- end -}}

{{/* The same for every pod of the chart. */}}
{{- define "switchback.pod" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where pods may run. */}}
{{- define "switchback.placement" -}}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "switchback.container" -}}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}
