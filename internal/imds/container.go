package imds

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
)

// Roles gives sessions of roles to containers.
type Roles interface {
	// ContainerCredentials returns credentials for the name in the path
	// /creds/NAME, for as long as STS gives them.
	ContainerCredentials(ctx context.Context, name string) (*access.Credentials, error)
}

// A ContainerConfig says what to serve. All but Log are required.
type ContainerConfig struct {
	Roles Roles
	Token string // what clients must send in Authorization; "" lets nobody in
	Log   *slog.Logger
}

// NewContainer returns the credentials endpoint of containers. A program finds it
// by AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:PORT/creds/NAME and
// AWS_CONTAINER_AUTHORIZATION_TOKEN.
func NewContainer(c ContainerConfig) http.Handler {
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/creds/")
		switch {
		case c.Token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(c.Token)) != 1:
			containerError(w, http.StatusUnauthorized, "AccessDenied", "The authorization token is missing or wrong")
		case r.Method != http.MethodGet:
			containerError(w, http.StatusMethodNotAllowed, "InvalidMethod", "Only GET is answered")
		case !ok || name == "" || strings.Contains(name, "/"):
			containerError(w, http.StatusNotFound, "NotFound", "Credentials are under /creds/NAME")
		default:
			credentials, err := c.Roles.ContainerCredentials(r.Context(), name)
			if err != nil {
				log.WarnContext(r.Context(), "role cannot be assumed", "role", name, "error", err)
				containerError(w, http.StatusBadRequest, "AssumeRoleFailed", "The role "+name+" cannot be assumed")
				return
			}
			containerAnswer(w, http.StatusOK, map[string]string{
				"RoleArn":         credentials.RoleARN,
				"AccessKeyId":     credentials.AccessKeyID,
				"SecretAccessKey": credentials.SecretAccessKey,
				"Token":           credentials.SessionToken,
				"Expiration":      stamp(credentials.Expiration),
			})
		}
	})
}

func containerError(w http.ResponseWriter, status int, code, message string) {
	containerAnswer(w, status, map[string]string{"code": code, "message": message})
}

func containerAnswer(w http.ResponseWriter, status int, members map[string]string) {
	text, err := json.Marshal(members)
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs no answer
}
