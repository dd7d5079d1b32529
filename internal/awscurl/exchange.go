package awscurl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/hakonegate/hakone/internal/awscurl/identity"
	"github.com/hakonegate/hakone/sigv4"
)

// An exchange is one run: a request, the redirects and tries it takes, and its
// answer.
type exchange struct {
	o       *options
	s       *streams
	log     *wireLog
	scope   *scope
	sources *identity.Sources
	found   *identity.Found // who signs, once it is needed
	target  *target
	method  string
	header  header // without the signature
	payload *payload
	hash    string // of the payload, once it is needed
	network *network
	cookies *cookies

	clock     time.Duration // how far the server's is ahead, with --clock-skew
	canonical string        // what was signed, session token masked
	toSign    string
	begun     time.Time
	redirects int
	stats     stats
}

// run does what the command line says.
func (p Program) run(ctx context.Context, o *options, s *streams) (err error) {
	x := &exchange{o: o, s: s, begun: time.Now()}
	if o.maxTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.maxTime)
		defer cancel()
	}
	if x.log, err = newWireLog(o, s); err != nil {
		return err
	}
	defer x.log.close()
	if err := x.prepare(); err != nil {
		return err
	}
	defer x.payload.close()
	if x.isProduct() {
		return x.product(ctx)
	}
	if x.target.isWebSocket() {
		return x.webSocket(ctx)
	}
	out, err := newOutput(x)
	if err != nil {
		return err
	}
	response, err := x.follow(ctx) //nolint:bodyclose // out.write closes it
	if err == nil {
		err = out.write(response, x)
	}
	err = errors.Join(err, x.cookies.save(o.cookieJar))
	if e := out.finish(x, err); err == nil {
		err = e
	}
	if o.why && response != nil {
		p.explain(ctx, response, s)
	}
	return err
}

// explain asks the gateway's operator why it answered so.
func (p Program) explain(ctx context.Context, response *http.Response, s *streams) {
	id := firstOf(response.Header.Get("Apigw-Requestid"), response.Header.Get("X-Amzn-Requestid"))
	if id == "" {
		fmt.Fprintln(s.stderr, "awscurl: --why: the answer has no request ID: no hakone gateway gave it")
		return
	}
	if err := p.Why(ctx, id, s.stderr); err != nil {
		fmt.Fprintf(s.stderr, "awscurl: --why: %v\n", err)
	}
}

// prepare turns the options into a request. Nothing is sent yet.
func (x *exchange) prepare() (err error) {
	o := x.o
	x.network, err = newNetwork(o, x.s, x.log)
	if err != nil {
		return err
	}
	x.sources = o.sources(x.s, x.network, x.log)
	if err := x.findTarget(); err != nil {
		return err
	}
	if x.method, err = o.methodOf(); err != nil {
		return err
	}
	if x.cookies, err = readCookies(o.cookies, x.s); err != nil {
		return err
	}
	if err := o.resumeOffset(); err != nil {
		return err
	}
	if x.payload, err = o.body(x.s); err != nil {
		return err
	}
	if o.netrc {
		o.user, err = readNetrc(x.s, x.target.hostname())
	}
	if err == nil {
		_, password, _ := strings.Cut(o.user, ":")
		x.log.secret(password, basic(o.user))
		x.header, err = o.header(x.payload, x.s)
	}
	if err != nil {
		x.payload.close()
	}
	return err
}

// findTarget reads the URL. S3's needs the region first, and the host says which.
func (x *exchange) findTarget() (err error) {
	region := firstOf(x.o.region, x.s.getenv("AWS_REGION"), x.s.getenv("AWS_DEFAULT_REGION"))
	if strings.HasPrefix(strings.ToLower(x.o.url), "s3://") && region == "" {
		region = x.sources.Region()
	}
	if x.target, err = parseTarget(x.o.url, region); err != nil {
		return err
	}
	if x.target.user != "" {
		x.log.note("user and password in the URL are ignored")
	}
	if x.scope, err = x.o.findScope(x.target, x.sources, x.s); err != nil {
		return err
	}
	return x.target.complete(x.o, x.scope.s3(), x.s)
}

// sources says where this command line may take credentials from.
func (o *options) sources(s *streams, n *network, log *wireLog) *identity.Sources {
	accessKey, secretKey := o.accessKey, o.secretKey
	if o.awsSigV4 != "" && o.user != "" {
		accessKey, secretKey, _ = strings.Cut(o.user, ":")
	}
	sources := &identity.Sources{
		AccessKey: accessKey, SecretKey: secretKey, AccessKeyGiven: o.accessKeyGiven, SecretKeyGiven: o.secretKeyGiven,
		SecurityToken: o.securityToken, SessionToken: o.sessionToken, Profile: o.profile,
		Roles: o.roles, ExternalID: o.externalID, SessionName: o.roleSession, MFASerial: o.mfaSerial, MFACode: o.mfaCode,
		STSEndpoint: o.stsEndpoint, STSRegion: o.region, IMDSv1: o.imdsV1,
		Getenv: s.getenv, HTTP: &http.Client{Transport: n}, Notes: log, Stderr: s.stderr,
	}
	if file, ok := s.stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		sources.Prompt = func(question string) (string, error) {
			fmt.Fprint(s.stderr, question)
			var code string
			_, err := fmt.Fscanln(file, &code)
			return code, err
		}
	}
	return sources
}

// signs reports whether requests are signed at all.
func (x *exchange) signs() bool { return !x.o.unsigned && (x.o.user == "" || x.o.awsSigV4 != "") }

// credentials finds who signs, once.
func (x *exchange) credentials(ctx context.Context) (sigv4.Credentials, error) {
	if x.found == nil {
		found, err := x.sources.Find(ctx)
		switch {
		case errors.Is(err, identity.ErrUsage):
			return sigv4.Credentials{}, failf(exitUsage, "%w", err)
		case err != nil:
			return sigv4.Credentials{}, failf(exitFailure, "%w", err)
		}
		x.found = &found
		x.log.secret(found.SecretAccessKey, found.SessionToken)
		x.log.notef("signing as %s (from %s) for %s in %s (from %s)",
			maskKey(found.AccessKeyID), found.From, x.scope.service, x.scope.region, x.scope.regionFrom)
	}
	return x.found.Credentials, nil
}

// maskKey shortens an access key ID to its kind and end.
func maskKey(id string) string {
	if len(id) <= 8 {
		return id
	}
	return id[:4] + "…" + id[len(id)-4:]
}
