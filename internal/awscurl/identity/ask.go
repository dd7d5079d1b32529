package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// longestAnswer is how much of an answer with credentials is read.
const longestAnswer = 1 << 20

// ask sends a request without a body and returns what is answered with 200.
func ask(ctx context.Context, client *http.Client, method, address string, header http.Header) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, errors.New("not a URL: " + address)
	}
	request.Header = header
	return answerOf(client, request)
}

// answerOf sends request and returns what is answered with 200. Its errors name
// the host, never what was sent.
func answerOf(client *http.Client, request *http.Request) ([]byte, error) {
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("reach %s: %w", request.URL.Host, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", request.URL.Host, err)
	}
	if response.StatusCode == http.StatusOK {
		return content, nil
	}
	var refusal struct{ Code, Message string }
	if json.Unmarshal(content, &refusal) == nil && refusal.Message != "" {
		return nil, fmt.Errorf("%s answered %s: %s", request.URL.Host, response.Status, refusal.Message)
	}
	return nil, fmt.Errorf("%s answered %s", request.URL.Host, response.Status)
}
