package runtimeapi

import (
	"io"
	"net/http"
	"strings"
)

// serveExtensions answers what is beside the Runtime API. Extensions are not
// run, so none can register; telemetry is answered as by an environment
// without the feature, which clients accept and go on.
func serveExtensions(w http.ResponseWriter, r *http.Request, version, path string) {
	switch {
	case version == "2020-01-01" && strings.HasPrefix(path, "extension/"):
		refuse(w, &refusal{http.StatusForbidden, "Extension.RegistrationClosed", "Extensions are not supported in this environment"})
	case version == "2022-07-01" && path == "telemetry" && r.Method == http.MethodPut:
		unsupported(w, `{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}`)
	case version == "2020-08-15" && path == "logs" && r.Method == http.MethodPut:
		unsupported(w, `{"errorMessage":"Logs API is not supported","errorType":"Logs.NotSupported"}`)
	default:
		http.NotFound(w, r)
	}
}

func unsupported(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, body+"\n")
}
