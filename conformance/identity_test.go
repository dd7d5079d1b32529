//go:build conformance

package conformance

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	ec2Trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	invoke   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}`
)

// A step is one call of the AWS CLI, and what it prints: on standard error when
// the call is refused.
type step struct {
	call    string // words, split at blanks; $NAME is a document
	want    string // part of what is printed
	refused bool
}

// aws runs the AWS CLI.
func (s *server) aws(environment []string, words ...string) (stdout, stderr string, ok bool) {
	command := exec.Command(client(s.t, "aws", s.binary), append(words, "--output", "json")...)
	command.Env = environment
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	return out.String(), errs.String(), err == nil
}

func (s *server) walk(environment []string, documents map[string]string, steps []step) {
	s.t.Helper()
	for _, st := range steps {
		words := strings.Fields(st.call)
		for i, w := range words {
			if document, ok := documents[w]; ok {
				words[i] = document
			}
		}
		stdout, stderr, ok := s.aws(environment, words...)
		printed := stdout
		if st.refused {
			printed = stderr
		}
		if ok == st.refused || !strings.Contains(printed, st.want) {
			s.t.Errorf("aws %s: ok %v, want %q in\n%s%s", st.call, ok, st.want, stdout, stderr)
		}
	}
}

func TestAWSCommandLineManagesIdentities(t *testing.T) {
	s := start(t)
	documents := map[string]string{
		"$TRUST": ec2Trust, "$INVOKE": invoke,
		"$OLD":       strings.Replace(invoke, "2012-10-17", "2008-10-17", 1),
		"$PRINCIPAL": strings.Replace(invoke, `"Action"`, `"Principal":"*","Action"`, 1),
	}
	s.walk(s.environment(), documents, []step{
		{call: "iam create-user --user-name bob --path /team/ --tags Key=a,Value=b", want: `"Arn": "arn:aws:iam::123456789012:user/team/bob"`},
		{call: "iam create-user --user-name BOB", want: "(EntityAlreadyExists) when calling the CreateUser operation: User with name BOB already exists.", refused: true},
		{call: "iam get-user --user-name bob", want: `"Key": "a"`},
		{call: "iam list-users --path-prefix /team/", want: `"UserName": "bob"`},
		{call: "iam update-user --user-name bob --new-user-name rob"},
		{call: "iam get-user --user-name bob", want: "(NoSuchEntity) when calling the GetUser operation: The user with name bob cannot be found.", refused: true},
		{call: "iam tag-user --user-name rob --tags Key=c,Value=d"},
		{call: "iam untag-user --user-name rob --tag-keys a"},
		{call: "iam list-user-tags --user-name rob", want: `"Key": "c"`},
		{call: "iam create-access-key --user-name rob", want: `"Status": "Active"`},
		{call: "iam create-access-key --user-name rob", want: `"AccessKeyId": "AKIA`},
		{call: "iam create-access-key --user-name rob", want: "(LimitExceeded) when calling the CreateAccessKey operation: Cannot exceed quota for AccessKeysPerUser: 2", refused: true},
		{call: "iam list-access-keys --user-name rob", want: `"CreateDate"`},
		{call: "iam create-group --group-name staff", want: `"GroupId": "AGPA`},
		{call: "iam add-user-to-group --group-name staff --user-name rob"},
		{call: "iam get-group --group-name staff", want: `"UserName": "rob"`},
		{call: "iam list-groups", want: `"GroupName": "staff"`},
		{call: "iam list-groups-for-user --user-name rob", want: `"staff"`},
		{call: "iam put-group-policy --group-name staff --policy-name p --policy-document $INVOKE"},
		{call: "iam get-group-policy --group-name staff --policy-name p", want: `"Action": "execute-api:Invoke"`},
		{call: "iam list-group-policies --group-name staff", want: `"p"`},
		{call: "iam delete-group-policy --group-name staff --policy-name p"},
		{call: "iam update-group --group-name staff --new-group-name crew"},
		{call: "iam attach-group-policy --group-name crew --policy-arn arn:aws:iam::aws:policy/PowerUserAccess"},
		{call: "iam list-attached-group-policies --group-name crew", want: `"PowerUserAccess"`},
		{call: "iam detach-group-policy --group-name crew --policy-arn arn:aws:iam::aws:policy/PowerUserAccess"},
		{call: "iam delete-group --group-name crew", want: "(DeleteConflict)", refused: true},
		{call: "iam remove-user-from-group --group-name crew --user-name rob"},
		{call: "iam delete-group --group-name crew"},

		{call: "iam create-policy --policy-name invoke --policy-document $INVOKE", want: `"DefaultVersionId": "v1"`},
		{call: "iam create-policy --policy-name old --policy-document $OLD", want: "(MalformedPolicyDocument) when calling the CreatePolicy operation: Policy document must be version 2012-10-17 or greater.", refused: true},
		{call: "iam create-policy --policy-name p --policy-document $PRINCIPAL", want: "Policy document should not specify a principal.", refused: true},
		{call: "iam create-policy --policy-name p --policy-document {", want: "(MalformedPolicyDocument) when calling the CreatePolicy operation: Syntax errors in policy.", refused: true},
		{call: "iam create-policy-version --policy-arn arn:aws:iam::123456789012:policy/invoke --policy-document $INVOKE --set-as-default", want: `"VersionId": "v2"`},
		{call: "iam get-policy-version --policy-arn arn:aws:iam::123456789012:policy/invoke --version-id v2", want: `"IsDefaultVersion": true`},
		{call: "iam list-policy-versions --policy-arn arn:aws:iam::123456789012:policy/invoke", want: `"v1"`},
		{call: "iam set-default-policy-version --policy-arn arn:aws:iam::123456789012:policy/invoke --version-id v1"},
		{call: "iam delete-policy-version --policy-arn arn:aws:iam::123456789012:policy/invoke --version-id v2"},
		{call: "iam list-policies --scope Local", want: `"invoke"`},
		{call: "iam list-policies --scope AWS", want: `"AdministratorAccess"`},
		{call: "iam tag-policy --policy-arn arn:aws:iam::123456789012:policy/invoke --tags Key=a,Value=b"},
		{call: "iam list-policy-tags --policy-arn arn:aws:iam::123456789012:policy/invoke", want: `"Value": "b"`},
		{call: "iam attach-user-policy --user-name rob --policy-arn arn:aws:iam::123456789012:policy/invoke"},
		{call: "iam list-attached-user-policies --user-name rob", want: `"invoke"`},
		{call: "iam list-entities-for-policy --policy-arn arn:aws:iam::123456789012:policy/invoke", want: `"rob"`},
		{call: "iam simulate-principal-policy --policy-source-arn arn:aws:iam::123456789012:user/team/rob --action-names execute-api:Invoke iam:CreateUser", want: `"EvalDecision": "implicitDeny"`},
		{call: "iam simulate-custom-policy --policy-input-list $INVOKE --action-names execute-api:Invoke", want: `"EvalDecision": "allowed"`},
		{call: "iam get-policy --policy-arn arn:aws:iam::123456789012:policy/invoke", want: `"AttachmentCount": 1`},
		{call: "iam put-user-policy --user-name rob --policy-name p --policy-document $INVOKE"},
		{call: "iam get-user-policy --user-name rob --policy-name p", want: `"PolicyName": "p"`},
		{call: "iam list-user-policies --user-name rob", want: `"p"`},
		{call: "iam put-user-permissions-boundary --user-name rob --permissions-boundary arn:aws:iam::aws:policy/PowerUserAccess"},
		{call: "iam get-user --user-name rob", want: `"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/PowerUserAccess"`},
		{call: "iam delete-user-permissions-boundary --user-name rob"},
		{call: "iam delete-user --user-name rob", want: "(DeleteConflict) when calling the DeleteUser operation: Cannot delete entity", refused: true},
		{call: "iam detach-user-policy --user-name rob --policy-arn arn:aws:iam::123456789012:policy/invoke"},
		{call: "iam delete-user-policy --user-name rob --policy-name p"},
		{call: "iam delete-policy --policy-arn arn:aws:iam::123456789012:policy/invoke"},

		{call: "iam create-role --role-name R --path /app/ --assume-role-policy-document $TRUST --max-session-duration 7200", want: `"Service": "ec2.amazonaws.com"`},
		{call: "iam create-role --role-name S --assume-role-policy-document $INVOKE", want: "(MalformedPolicyDocument)", refused: true},
		{call: "iam get-role --role-name R", want: `"MaxSessionDuration": 7200`},
		{call: "iam list-roles --path-prefix /app/", want: `"RoleName": "R"`},
		{call: "iam update-role --role-name R --description d --max-session-duration 3600"},
		{call: "iam update-assume-role-policy --role-name R --policy-document $TRUST"},
		{call: "iam put-role-policy --role-name R --policy-name p --policy-document $INVOKE"},
		{call: "iam get-role-policy --role-name R --policy-name p", want: `"execute-api:Invoke"`},
		{call: "iam list-role-policies --role-name R", want: `"p"`},
		{call: "iam attach-role-policy --role-name R --policy-arn arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess"},
		{call: "iam attach-role-policy --role-name R --policy-arn arn:aws:iam::aws:policy/NoSuchPolicy", want: "(NoSuchEntity)", refused: true},
		{call: "iam list-attached-role-policies --role-name R", want: `"AmazonAPIGatewayInvokeFullAccess"`},
		{call: "iam put-role-permissions-boundary --role-name R --permissions-boundary arn:aws:iam::aws:policy/PowerUserAccess"},
		{call: "iam delete-role-permissions-boundary --role-name R"},
		{call: "iam tag-role --role-name R --tags Key=a,Value=b"},
		{call: "iam list-role-tags --role-name R", want: `"a"`},
		{call: "iam untag-role --role-name R --tag-keys a"},
		{call: "iam create-instance-profile --instance-profile-name P", want: `"InstanceProfileId": "AIPA`},
		{call: "iam add-role-to-instance-profile --instance-profile-name P --role-name R"},
		{call: "iam get-instance-profile --instance-profile-name P", want: `"RoleName": "R"`},
		{call: "iam list-instance-profiles", want: `"P"`},
		{call: "iam list-instance-profiles-for-role --role-name R", want: `"P"`},
		{call: "iam delete-role --role-name R", want: "must remove roles from instance profile first.", refused: true},
		{call: "iam remove-role-from-instance-profile --instance-profile-name P --role-name R"},
		{call: "iam delete-instance-profile --instance-profile-name P"},
		{call: "iam detach-role-policy --role-name R --policy-arn arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess"},
		{call: "iam delete-role-policy --role-name R --policy-name p"},
		{call: "iam delete-role --role-name R"},

		{call: "iam create-open-id-connect-provider --url https://token.example.com/x --client-id-list a --thumbprint-list 0123456789012345678901234567890123456789", want: `"OpenIDConnectProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.example.com/x"`},
		{call: "iam create-open-id-connect-provider --url http://token.example.com", want: "(InvalidInput)", refused: true},
		{call: "iam add-client-id-to-open-id-connect-provider --client-id b --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x"},
		{call: "iam remove-client-id-from-open-id-connect-provider --client-id a --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x"},
		{call: "iam update-open-id-connect-provider-thumbprint --thumbprint-list 9876543210987654321098765432109876543210 --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x"},
		{call: "iam get-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x", want: `"9876543210987654321098765432109876543210"`},
		{call: "iam list-open-id-connect-providers", want: `"Arn"`},
		{call: "iam tag-open-id-connect-provider --tags Key=a,Value=b --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x"},
		{call: "iam list-open-id-connect-provider-tags --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x", want: `"Value": "b"`},
		{call: "iam delete-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/token.example.com/x"},

		{call: "sts get-session-token --duration-seconds 900", want: `"AccessKeyId": "ASIA`},
		{call: "sts get-session-token --serial-number arn:aws:iam::123456789012:mfa/bob --token-code 123456", want: "(AccessDenied) when calling the GetSessionToken operation: MultiFactorAuthentication failed", refused: true},
		{call: "sts get-federation-token --name fred --policy $INVOKE", want: `"Arn": "arn:aws:sts::123456789012:federated-user/fred"`},
		{call: "sts assume-role --role-arn arn:aws:iam::123456789012:role/Nobody --role-session-name sess", want: "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/Nobody", refused: true},
		{call: "sts assume-role --role-arn arn:aws:iam::123456789012:role/Test-EC2Role --role-session-name a!b", want: "(ValidationError)", refused: true},
		{call: "sts decode-authorization-message --encoded-message nonsense", want: "(InvalidAuthorizationMessage", refused: true},
	})
}

func TestControlPlaneIsAuthorized(t *testing.T) {
	s := start(t)
	caller := s.environment("--role", "Ec2IamRole")
	s.walk(caller, nil, []step{
		{call: "iam create-user --user-name eve", want: "(AccessDenied) when calling the CreateUser operation: User: arn:aws:sts::123456789012:assumed-role/Test-EC2Role/", refused: true},
		{call: "iam create-user --user-name eve", want: "is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::123456789012:user/eve because no identity-based policy allows the iam:CreateUser action", refused: true},
		{call: "sts get-caller-identity", want: `:assumed-role/Test-EC2Role/`},
	})
	forged := slices.Clone(caller)
	for i, v := range forged {
		if strings.HasPrefix(v, "AWS_SESSION_TOKEN=") {
			forged[i] = v[:len(v)-6] + "AAAAAA"
		}
	}
	s.walk(forged, nil, []step{{call: "sts get-caller-identity", want: "(InvalidClientTokenId)", refused: true}})
}

// profiles writes a configuration in which the profile app assumes a role.
func (s *server) profiles(environment []string, role, extra string) []string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "config")
	text := fmt.Sprintf("[profile base]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = %s\n[profile app]\nrole_arn = %s\nsource_profile = base\nregion = %[3]s\n%[5]s",
		variable(environment, "AWS_ACCESS_KEY_ID"), variable(environment, "AWS_SECRET_ACCESS_KEY"), s.status.Region, role, extra)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	clean := slices.DeleteFunc(slices.Clone(environment), func(v string) bool {
		return strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") || strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") || strings.HasPrefix(v, "AWS_SESSION_TOKEN=") || strings.HasPrefix(v, "AWS_PROFILE=")
	})
	return append(clean, "AWS_CONFIG_FILE="+file, "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PROFILE=app", "AWS_ENDPOINT_URL_STS="+s.status.Control)
}

func TestProfilesThatAssumeRoles(t *testing.T) {
	s := start(t)
	administrator := s.environment()
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x-1"}}}}`
	s.walk(administrator, map[string]string{"$TRUST": trust, "$INVOKE": invoke}, []step{
		{call: "iam create-role --role-name App --assume-role-policy-document $TRUST"},
		{call: "iam put-role-policy --role-name App --policy-name p --policy-document $INVOKE"},
	})
	const role = "arn:aws:iam::123456789012:role/App"
	profile := s.profiles(administrator, role, "external_id = x-1\nrole_session_name = from-profile\n")
	const want = "arn:aws:sts::123456789012:assumed-role/App/from-profile\n"
	if got := s.run(profile, "aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); got != want {
		t.Errorf("aws printed %q", got)
	}
	if got := s.run(profile, "python3", "-c", `import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])`); got != want {
		t.Errorf("boto3 printed %q", got)
	}
	wrong := s.profiles(administrator, role, "external_id = other\n")
	s.walk(wrong, nil, []step{{call: "sts get-caller-identity", want: "(AccessDenied) when calling the AssumeRole operation", refused: true}})

	const chain = `
import boto3, botocore
sts = boto3.client("sts")
c = sts.assume_role(RoleArn="` + role + `", RoleSessionName="one", ExternalId="x-1", DurationSeconds=900,
    Policy='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}')
assert c["PackedPolicySize"] > 0
c = c["Credentials"]
two = boto3.client("sts", aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"], aws_session_token=c["SessionToken"])
print(two.get_caller_identity()["Arn"])
print(sts.get_access_key_info(AccessKeyId=c["AccessKeyId"])["Account"])
try:
    sts.assume_role(RoleArn="` + role + `", RoleSessionName="one", ExternalId="x-1", DurationSeconds=43200)
except botocore.exceptions.ClientError as e:
    print(e.response["Error"]["Message"])
`
	got := s.run(administrator, "python3", "-c", chain)
	if want := "arn:aws:sts::123456789012:assumed-role/App/one\n123456789012\nThe requested DurationSeconds exceeds the MaxSessionDuration set for this role.\n"; got != want {
		t.Errorf("boto3 printed %q, want %q", got, want)
	}
}

// An issuer on this machine, whose tokens the clients bring.
func issuer(t *testing.T) (url string, token func(audience string) string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var i *httptest.Server
	i = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			fmt.Fprintf(w, `{"jwks_uri":%q}`, i.URL+"/keys")
			return
		}
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"k","e":"AQAB","n":%q}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	}))
	t.Cleanup(i.Close)
	return i.URL, func(audience string) string {
		text := fmt.Sprintf(`{"iss":%q,"sub":"job-7","aud":%q,"exp":%d}`, i.URL, audience, time.Now().Add(time.Hour).Unix())
		signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(text))
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
}

func TestWebIdentity(t *testing.T) {
	s := start(t)
	administrator := s.environment()
	url, token := issuer(t)
	host := strings.TrimPrefix(url, "http://")
	provider := "arn:aws:iam::123456789012:oidc-provider/" + host
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + host + `:aud":"ci","` + host + `:sub":"job-7"}}}}`
	s.walk(administrator, map[string]string{"$TRUST": trust}, []step{
		{call: "iam create-open-id-connect-provider --url " + url + " --client-id-list ci cd", want: provider},
		{call: "iam create-role --role-name Job --assume-role-policy-document $TRUST"},
	})
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	web := append(slices.DeleteFunc(slices.Clone(administrator), func(v string) bool {
		return strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") || strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") || strings.HasPrefix(v, "AWS_SESSION_TOKEN=")
	}), "AWS_WEB_IDENTITY_TOKEN_FILE="+file, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/Job", "AWS_ROLE_SESSION_NAME=build", "AWS_EC2_METADATA_DISABLED=true")

	const want = "arn:aws:sts::123456789012:assumed-role/Job/build\n"
	write(token("ci"))
	if got := s.run(web, "aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); got != want {
		t.Errorf("aws printed %q", got)
	}
	if got := s.run(web, "python3", "-c", `import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])`); got != want {
		t.Errorf("boto3 printed %q", got)
	}
	for audience, want := range map[string]string{
		"cd":    "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
		"other": "(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token audience",
	} {
		write(token(audience))
		uncached := append(slices.Clone(web), "HOME="+t.TempDir()) // the command line keeps what it got
		s.walk(uncached, nil, []step{{call: "sts get-caller-identity", want: want, refused: true}})
	}
}
