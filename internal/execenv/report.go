package execenv

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A report says how a call went, for the system's lines in its log. They are
// AWS's to the letter, because tools read them.
type report struct {
	requestID string
	memoryMB  int
	peak      int64         // bytes
	duration  time.Duration // of the call
	init      time.Duration // of the init that it waited for; 0 if warm
	status    string        // "", "timeout" or "error"
	errorType string        // with status error
}

// The records of the platform, as the Telemetry API and JSON logs have them.
type (
	tracing struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	startRecord struct {
		RequestID   string   `json:"requestId"`
		FunctionARN string   `json:"functionArn"`
		Version     string   `json:"version"`
		Tracing     *tracing `json:"tracing,omitempty"` // telemetry only
	}
	reportMetrics struct {
		Duration float64 `json:"durationMs"`
		Billed   int     `json:"billedDurationMs"`
		Memory   int     `json:"memorySizeMB"`
		Peak     int     `json:"maxMemoryUsedMB"`
		Init     float64 `json:"initDurationMs,omitempty"`
	}
	reportRecord struct {
		RequestID string        `json:"requestId"`
		Metrics   reportMetrics `json:"metrics"`
		Status    string        `json:"status"`
		ErrorType string        `json:"errorType,omitempty"`
	}
	runtimeDoneRecord struct {
		RequestID string         `json:"requestId"`
		Status    string         `json:"status"`
		ErrorType string         `json:"errorType,omitempty"`
		Tracing   *tracing       `json:"tracing,omitempty"`
		Metrics   runtimeMetrics `json:"metrics"`
	}
	runtimeMetrics struct {
		Duration float64 `json:"durationMs"`
		Produced int     `json:"producedBytes"`
	}
	initStartRecord struct {
		Type            string `json:"initializationType"`
		Phase           string `json:"phase"`
		Runtime         string `json:"runtimeVersion"`
		RuntimeARN      string `json:"runtimeVersionArn"`
		FunctionName    string `json:"functionName"`
		FunctionVersion string `json:"functionVersion"`
		Instance        string `json:"instanceId"`
		Memory          int64  `json:"instanceMaxMemory"`
	}
	initDoneRecord struct {
		Type      string           `json:"initializationType"`
		Phase     string           `json:"phase"`
		Status    string           `json:"status"`
		ErrorType string           `json:"errorType,omitempty"`
		Metrics   *durationMetrics `json:"metrics,omitempty"` // of a report
	}
	durationMetrics struct {
		Duration float64 `json:"durationMs"`
	}
	extensionRecord struct {
		Name      string   `json:"name"`
		State     string   `json:"state"`
		Events    []string `json:"events"`
		ErrorType string   `json:"errorType,omitempty"`
	}
	subscriptionRecord struct {
		Name  string   `json:"name"`
		State string   `json:"state"`
		Types []string `json:"types"`
	}
	requestRecord struct {
		RequestID string `json:"requestId"`
	}
)

func (r startRecord) line(fn *Function) string {
	if fn.json() {
		return fn.platform("platform.start", levelInfo, r)
	}
	return "START RequestId: " + r.RequestID + " Version: " + r.Version + "\n"
}

func endLine(fn *Function, requestID string) string {
	if fn.json() {
		return ""
	}
	return "END RequestId: " + requestID + "\n"
}

func (r *report) record() reportRecord {
	ms := milliseconds(r.duration)
	return reportRecord{r.requestID, reportMetrics{
		Duration: ms,
		// Since August 2025 the init of the same call is billed with it.
		Billed: int(math.Ceil(ms + milliseconds(r.init))), Memory: r.memoryMB, Peak: int((r.peak + 1<<20 - 1) >> 20), Init: milliseconds(r.init),
	}, orElse(r.status, "success"), r.errorType}
}

func (r reportRecord) line(fn *Function) string {
	if fn.json() {
		return fn.platform("platform.report", infoUnless(r.Status), r)
	}
	b := make([]byte, 0, 256)
	number := func(before string, n float64, digits int, behind string) {
		b = append(strconv.AppendFloat(append(b, before...), n, 'f', digits, 64), behind...)
	}
	b = append(append(append(b, "REPORT RequestId: "...), r.RequestID...), '\t')
	number("Duration: ", r.Metrics.Duration, 2, " ms\t")
	number("Billed Duration: ", float64(r.Metrics.Billed), 0, " ms\t")
	number("Memory Size: ", float64(r.Metrics.Memory), 0, " MB\t")
	number("Max Memory Used: ", float64(r.Metrics.Peak), 0, " MB\t")
	if r.Metrics.Init > 0 {
		number("Init Duration: ", r.Metrics.Init, 2, " ms\t")
	}
	switch r.Status {
	case "success":
	case "timeout":
		b = append(b, "Status: timeout"...)
	default:
		b = append(append(append(append(b, "Status: "...), r.Status...), "\tError Type: "...), r.ErrorType...)
	}
	return string(append(b, '\n'))
}

// line is the line at the start of an init.
func (r initStartRecord) line(fn *Function) string {
	if fn.json() {
		return fn.platform("platform.initStart", levelInfo, r)
	}
	return "INIT_START Runtime Version: " + r.Runtime + "\tRuntime Version ARN: " + r.RuntimeARN + "\n"
}

// line is the line about an init that failed. The phase is "init", or "invoke"
// for the repetition within the call.
func (r initDoneRecord) line(fn *Function) string {
	if fn.json() {
		return fn.platform("platform.initReport", infoUnless(r.Status), r)
	}
	line := fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s", r.Metrics.Duration, r.Phase, r.Status)
	if r.ErrorType != "" {
		line += "\tError Type: " + r.ErrorType
	}
	return line + "\n"
}

func (r extensionRecord) line(fn *Function) string {
	if fn.json() {
		return fn.platform("platform.extension", infoUnless(map[string]string{"": "success"}[r.ErrorType]), r)
	}
	line := "EXTENSION\tName: " + r.Name + "\tState: " + r.State + "\tEvents: [" + strings.Join(r.Events, ", ") + "]"
	if r.ErrorType != "" {
		line += "\tError Type: " + r.ErrorType
	}
	return line + "\n"
}

// line is the line about a subscription, which has one for each API.
func (r subscriptionRecord) line(fn *Function, kind string) string {
	if fn.json() {
		return fn.platform(kind, levelInfo, r)
	}
	word := "TELEMETRY"
	if kind == "platform.logsSubscription" {
		word = "LOGS"
	}
	return word + "\tName: " + r.Name + "\tState: " + r.State + "\tTypes: [" + strings.Join(r.Types, ", ") + "]\n"
}

// asLog is the event as the Logs API has it; false if it has none such.
func (e *telemetryEvent) asLog(schema string) (*telemetryEvent, bool) {
	out := *e
	switch r := e.Record.(type) {
	case startRecord:
		out.Record = struct {
			RequestID string `json:"requestId"`
			Version   string `json:"version"`
		}{r.RequestID, r.Version}
	case reportRecord:
		out.Record = struct {
			RequestID string        `json:"requestId"`
			Metrics   reportMetrics `json:"metrics"`
		}{r.RequestID, r.Metrics}
	case runtimeDoneRecord:
		out.Record = struct {
			RequestID string `json:"requestId"`
			Status    string `json:"status"`
		}{r.RequestID, r.Status}
		return &out, schema != "2020-08-15"
	case json.RawMessage:
		out.Record = string(r) + "\n"
	case extensionRecord, requestRecord, string:
	case subscriptionRecord:
		return &out, e.Type == "platform.logsSubscription"
	default:
		return nil, false
	}
	return &out, true
}

// logsOnly reports whether only the Logs API has such events.
func (e *telemetryEvent) logsOnly() bool {
	return e.Type == "platform.end" || e.Type == "platform.logsSubscription" || e.Type == "platform.fault"
}

// platform is a line of the system in JSON, "" if its level is not wanted.
func (fn *Function) platform(kind string, at level, record any) string {
	if at < levelOf(fn.SystemLevel, levelInfo) {
		return ""
	}
	line, err := json.Marshal(telemetryEvent{timestamp(), kind, record})
	if err != nil {
		return ""
	}
	return string(line) + "\n"
}

// infoUnless is the level of a record: a warning if something went wrong.
func infoUnless(status string) level {
	if status == "success" {
		return levelInfo
	}
	return levelWarn
}

// milliseconds rounds to 1/100 ms.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(10*time.Microsecond)) / 100
}
