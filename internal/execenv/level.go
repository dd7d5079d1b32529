package execenv

import (
	"encoding/json"
	"strings"
	"time"
)

// A level is how important a line of a JSON log is.
type level int

const (
	levelTrace level = iota
	levelDebug
	levelInfo
	levelWarn
	levelError
	levelFatal
)

// levelOf returns the level with the name, in the words of Lambda or of a
// language's own logging.
func levelOf(name string, otherwise level) level {
	switch strings.ToUpper(name) {
	case "TRACE":
		return levelTrace
	case "DEBUG":
		return levelDebug
	case "INFO":
		return levelInfo
	case "WARN", "WARNING":
		return levelWarn
	case "ERROR":
		return levelError
	case "FATAL", "CRITICAL":
		return levelFatal
	default:
		return otherwise
	}
}

// structured looks at a line of a JSON log: is it important enough, and of which
// time does it say that it is? What is no object with a level counts as INFO.
func structured(message string, least level) (wanted bool, at time.Time) {
	var line struct {
		Level     string `json:"level"`
		LogLevel  string `json:"log_level"` // of our Python client, for a handler's exception
		Timestamp string `json:"timestamp"`
	}
	if strings.HasPrefix(message, "{") {
		_ = json.Unmarshal([]byte(message), &line) // what is no JSON has no level
	}
	at, err := time.Parse(time.RFC3339, line.Timestamp)
	if err != nil {
		at = time.Time{}
	}
	return levelOf(orElse(line.Level, line.LogLevel), levelInfo) >= least, at
}

func (fn *Function) json() bool { return fn.LogFormat == "JSON" }
