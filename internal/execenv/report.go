package execenv

import (
	"encoding/json"
	"fmt"
	"math"
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

func startLine(fn *Function, requestID string) string {
	if fn.LogFormat == "JSON" {
		return platform("platform.start", struct {
			RequestID   string `json:"requestId"`
			FunctionARN string `json:"functionArn"`
			Version     string `json:"version"`
		}{requestID, fn.ARN, fn.Version})
	}
	return "START RequestId: " + requestID + " Version: " + fn.Version + "\n"
}

func endLine(fn *Function, requestID string) string {
	if fn.LogFormat == "JSON" {
		return ""
	}
	return "END RequestId: " + requestID + "\n"
}

func (r *report) line(fn *Function) string {
	ms := milliseconds(r.duration)
	// Since August 2025 the init of the same call is billed with it.
	billed := int(math.Ceil(ms + milliseconds(r.init)))
	peak := int((r.peak + 1<<20 - 1) >> 20)
	if fn.LogFormat == "JSON" {
		type metrics struct {
			Duration float64 `json:"durationMs"`
			Billed   int     `json:"billedDurationMs"`
			Memory   int     `json:"memorySizeMB"`
			Peak     int     `json:"maxMemoryUsedMB"`
			Init     float64 `json:"initDurationMs,omitempty"`
		}
		return platform("platform.report", struct {
			RequestID string  `json:"requestId"`
			Metrics   metrics `json:"metrics"`
			Status    string  `json:"status"`
			ErrorType string  `json:"errorType,omitempty"`
		}{r.requestID, metrics{ms, billed, r.memoryMB, peak, milliseconds(r.init)}, orElse(r.status, "success"), r.errorType})
	}
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		r.requestID, ms, billed, r.memoryMB, peak)
	if r.init > 0 {
		line += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(r.init))
	}
	switch r.status {
	case "":
		return line + "\n"
	case "timeout":
		return line + "Status: timeout\n"
	default:
		return line + "Status: " + r.status + "\tError Type: " + r.errorType + "\n"
	}
}

// initStartLine is the line at the start of an init.
func initStartLine(fn *Function, version, stream string) string {
	if fn.LogFormat == "JSON" {
		return platform("platform.initStart", struct {
			Type            string `json:"initializationType"`
			Phase           string `json:"phase"`
			Runtime         string `json:"runtimeVersion"`
			RuntimeARN      string `json:"runtimeVersionArn"`
			FunctionName    string `json:"functionName"`
			FunctionVersion string `json:"functionVersion"`
			Instance        string `json:"instanceId"`
			Memory          int64  `json:"instanceMaxMemory"`
		}{"on-demand", "init", version, runtimeARN(fn), fn.Name, fn.Version, stream, int64(fn.memoryMB()) << 20})
	}
	return "INIT_START Runtime Version: " + version + "\tRuntime Version ARN: " + runtimeARN(fn) + "\n"
}

// initReportLine is the line about an init that failed. Phase is "init", or
// "invoke" for the repetition within the call.
func initReportLine(fn *Function, took time.Duration, phase, status, errorType string) string {
	if fn.LogFormat == "JSON" {
		return platform("platform.initReport", struct {
			Type      string `json:"initializationType"`
			Phase     string `json:"phase"`
			Status    string `json:"status"`
			ErrorType string `json:"errorType,omitempty"`
			Metrics   any    `json:"metrics"`
		}{"on-demand", phase, status, errorType, struct {
			Duration float64 `json:"durationMs"`
		}{milliseconds(took)}})
	}
	line := fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s", milliseconds(took), phase, status)
	if errorType != "" {
		line += "\tError Type: " + errorType
	}
	return line + "\n"
}

// platform is a line of the system in JSON.
func platform(kind string, record any) string {
	line, err := json.Marshal(struct {
		Time   string `json:"time"`
		Type   string `json:"type"`
		Record any    `json:"record"`
	}{time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), kind, record})
	if err != nil {
		return ""
	}
	return string(line) + "\n"
}

// milliseconds rounds to 1/100 ms.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(10*time.Microsecond)) / 100
}
