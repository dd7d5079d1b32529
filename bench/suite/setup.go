package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// readAdministrator reads the administrator's key from the data directory, without
// starting another process.
func (g *gateway) readAdministrator() error {
	text, err := os.ReadFile(filepath.Join(g.data, "administrator.json"))
	if err != nil {
		return err
	}
	var found map[string]string
	if err := json.Unmarshal(text, &found); err != nil {
		return err
	}
	for name, value := range found {
		switch lower := strings.ToLower(name); {
		case strings.Contains(lower, "secret"):
			g.credentials.SecretAccessKey = value
		case strings.Contains(lower, "id"):
			g.credentials.AccessKeyID = value
		}
	}
	return nil
}

// tree returns the resident set of a process and its descendants in MB.
func tree(pid int) float64 {
	sum := resident(pid)
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for field := range strings.FieldsSeq(string(children)) {
		if child, err := strconv.Atoi(field); err == nil {
			sum += tree(child)
		}
	}
	return sum
}

// addRoutes adds routes to the gateway's API by its wire operations.
func (g *gateway) addRoutes(n, part int) error {
	id, err := g.api()
	if err != nil {
		return err
	}
	return together(n, func(i int) error {
		body := fmt.Sprintf(`{"routeKey":"GET /more%d/r%d/{id}","authorizationType":"AWS_IAM"}`, part, i)
		return g.control("apigateway", http.MethodPost, "/v2/apis/"+id+"/routes", "application/json", body)
	})
}

// api returns the ID of the gateway's API.
func (g *gateway) api() (string, error) {
	r, err := http.NewRequest(http.MethodGet, g.facts.Control+"/v2/apis", http.NoBody) //nolint:noctx // the client has a timeout
	if err != nil {
		return "", err
	}
	signer := sigv4.Signer{Service: "apigateway", Region: region}
	if err := signer.SignHTTP(r, g.credentials, time.Now()); err != nil {
		return "", err
	}
	res, err := controlClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var list struct{ Items []struct{ APIID string } }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		return "", err
	}
	if len(list.Items) != 1 {
		return "", fmt.Errorf("%d APIs where one was deployed", len(list.Items))
	}
	return list.Items[0].APIID, nil
}

// addUsers adds users with a key and a policy each.
func (g *gateway) addUsers(n int) error {
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/*/GET/only"}]}`
	return together(n, func(i int) error {
		user := fmt.Sprintf("user%d", i)
		for _, form := range []url.Values{
			{"Action": {"CreateUser"}, "UserName": {user}},
			{"Action": {"PutUserPolicy"}, "UserName": {user}, "PolicyName": {"p"}, "PolicyDocument": {policy}},
			{"Action": {"CreateAccessKey"}, "UserName": {user}},
		} {
			form.Set("Version", "2010-05-08")
			if err := g.control("iam", http.MethodPost, "/", "application/x-www-form-urlencoded", form.Encode()); err != nil {
				return err
			}
		}
		return nil
	})
}

// manyRoutes is a template of 2n+2 resources: an API with n routes, each with an
// integration of its own.
func manyRoutes(name string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Resources:\n  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: %s, ProtocolType: HTTP}}\n", name)
	b.WriteString("  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true}}\n")
	for i := range n {
		fmt.Fprintf(&b, "  I%d: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: 'http://127.0.0.1:9/%d', PayloadFormatVersion: '1.0'}}\n", i, i)
		fmt.Fprintf(&b, "  R%d: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: 'GET /r%d', AuthorizationType: AWS_IAM, Target: !Sub 'integrations/${I%d}'}}\n", i, i, i)
	}
	return b.String()
}

// motoCreates makes the same resources at moto_server, and returns the seconds that
// took; its start does not count.
func (s *session) motoCreates(program string, n int) (float64, error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	process, err := s.start(measured, s.folder, nil, program, "-H", "127.0.0.1", "-p", port)
	if err != nil {
		return 0, err
	}
	defer stop(process)
	endpoint := "http://127.0.0.1:" + port
	if err := await(endpoint + "/moto-api/"); err != nil {
		return 0, err
	}
	key := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
	post := func(path, body string) (map[string]any, error) {
		r, err := http.NewRequest(http.MethodPost, endpoint+path, strings.NewReader(body)) //nolint:noctx // the client has a timeout
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		signer := sigv4.Signer{Service: "apigateway", Region: region}
		if err := signer.SignHTTP(r, key, time.Now()); err != nil {
			return nil, err
		}
		res, err := controlClient.Do(r)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode >= http.StatusMultipleChoices {
			return nil, fmt.Errorf("moto_server: POST %s: %s: %w", path, res.Status, err)
		}
		return answer, nil
	}
	began := time.Now()
	api, err := post("/v2/apis", `{"name":"bench","protocolType":"HTTP"}`)
	if err != nil {
		return 0, err
	}
	base := "/v2/apis/" + fmt.Sprint(api["apiId"])
	if _, err := post(base+"/stages", `{"stageName":"$default","autoDeploy":true}`); err != nil {
		return 0, err
	}
	for i := range n {
		integration, err := post(base+"/integrations", fmt.Sprintf(`{"integrationType":"HTTP_PROXY","integrationMethod":"GET","integrationUri":"http://127.0.0.1:9/%d","payloadFormatVersion":"1.0"}`, i))
		if err != nil {
			return 0, err
		}
		if _, err := post(base+"/routes", fmt.Sprintf(`{"routeKey":"GET /r%d","authorizationType":"AWS_IAM","target":"integrations/%v"}`, i, integration["integrationId"])); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}

// benchmark returns nanoseconds and allocations of a Go benchmark's lines.
func benchmark(text []byte, name string) (nanoseconds, allocations figures, err error) {
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 8 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		for i := 1; i < len(fields); i++ {
			value, err := strconv.ParseFloat(fields[i-1], 64)
			if err != nil {
				continue
			}
			switch fields[i] {
			case "ns/op":
				nanoseconds = append(nanoseconds, value)
			case "allocs/op":
				allocations = append(allocations, value)
			}
		}
	}
	if len(nanoseconds) == 0 {
		return nil, nil, fmt.Errorf("%s has no lines in %s", name, text)
	}
	return nanoseconds, allocations, nil
}
