package endpoint_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

func TestS3Access(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/public/k", "content", "X-Amz-Tagging: secret=no").want(200, "")
	s.do("PUT", "/box/private/k", "content").want(200, "")
	const open = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/public/*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/NOBODY"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::box/inbox/*","Condition":{"StringEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/NOBODY"},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::box","Condition":{"StringLike":{"s3:prefix":"public/*"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::box/*"}]}`
	steps := []struct {
		name, key, method, path string
		headers                 []string
		status                  int
		text                    string
	}{
		{"the caller's policy allows", "READER", "GET", "/box/public/k", nil, 200, "content"},
		{"and nothing else", "READER", "GET", "/box/private/k", nil, 403, `User: arn:aws:iam::123456789012:user/READER is not authorized to perform: s3:GetObject on resource: &#34;arn:aws:s3:::box/private/k&#34; because no identity-based policy allows the s3:GetObject action`},
		{"of another action", "READER", "PUT", "/box/public/k", nil, 403, "s3:PutObject"},
		{"who may list learns what is not there", "READER", "GET", "/box/public/none", nil, 404, "NoSuchKey"},
		{"who may not does not", "BLIND", "GET", "/box/none", nil, 403, "AccessDenied"},
		{"nobody", "NOBODY", "GET", "/box/public/k", nil, 403, "AccessDenied"},
		{"a version needs another action", "BLIND", "GET", "/box/public/k?versionId=null", nil, 403, "s3:GetObjectVersion"},
		{"a copy needs its source", "READER", "PUT", "/box/public/k2", []string{"X-Amz-Copy-Source: /box/private/k"}, 403, "s3:PutObject"},
		{"a bucket that does not exist", "NOBODY", "GET", "/nobox/k", nil, 404, "NoSuchBucket"},
		{"somebody else's account", "READER", "GET", "/box/public/k", []string{"X-Amz-Expected-Bucket-Owner: 999999999999"}, 403, "AccessDenied"},
		{"without a signature", "", "GET", "/box/public/k", nil, 403, "<Message>Access Denied</Message>"},
		{"an unknown key", "STRANGER", "GET", "/box/public/k", nil, 403, "InvalidAccessKeyId"},
		{"all buckets", "READER", "GET", "/", nil, 403, "s3:ListAllMyBuckets"},
		{"a setting", "READER", "GET", "/box?policy", nil, 403, "s3:GetBucketPolicy"},
	}
	for _, tt := range steps {
		if got := s.as(tt.key, tt.method, tt.path, "", tt.headers...); got.Status != tt.status || !strings.Contains(got.Body, tt.text) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.Status, got.Body, tt.status, tt.text)
		}
	}

	s.do("PUT", "/box?policy", open).want(403, "blocked by the BlockPublicPolicy")
	s.do("PUT", "/box?publicAccessBlock", "<PublicAccessBlockConfiguration></PublicAccessBlockConfiguration>").want(200, "")
	s.do("PUT", "/box?policy", open).want(204, "")
	s.do("GET", "/box?policy", "").want(200, open)
	s.do("GET", "/box?policyStatus", "").wantAll("IsPublic", "true")
	for _, tt := range []struct {
		name, key, method, path string
		headers                 []string
		status                  int
		text                    string
	}{
		{"anybody reads what is public", "", "GET", "/box/public/k", nil, 200, "content"},
		{"nothing else", "", "GET", "/box/private/k", nil, 403, "Access Denied"},
		{"and does not override headers", "", "GET", "/box/public/k?response-content-type=text/html", nil, 400, "InvalidRequest"},
		{"the bucket's policy is enough within the account", "NOBODY", "PUT", "/box/inbox/k", []string{"X-Amz-Server-Side-Encryption: aws:kms"}, 200, ""},
		{"with its conditions", "NOBODY", "PUT", "/box/inbox/k", nil, 403, "s3:PutObject"},
		{"a prefix is one", "NOBODY", "GET", "/box?list-type=2&prefix=public/", nil, 200, "public/k"},
		{"that must be there", "NOBODY", "GET", "/box?list-type=2", nil, 403, "s3:ListBucket"},
		{"a Deny is for administrators, too", "ADMINISTRATOR", "DELETE", "/box/private/k", nil, 403, "with an explicit deny in a resource-based policy"},
	} {
		if got := s.as(tt.key, tt.method, tt.path, "", tt.headers...); got.Status != tt.status || !strings.Contains(got.Body, tt.text) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.Status, got.Body, tt.status, tt.text)
		}
	}
	s.do("POST", "/box?delete", "<Delete><Object><Key>private/k</Key></Object></Delete>").want(200, "<Code>AccessDenied</Code>")

	s.do("PUT", "/box?publicAccessBlock", "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>").want(200, "")
	s.as("", "GET", "/box/public/k", "").want(403, "Access Denied")
	s.as("NOBODY", "PUT", "/box/inbox/k", "", "X-Amz-Server-Side-Encryption: aws:kms").want(200, "")
	s.do("PUT", "/box?policy", strings.ReplaceAll(open, "s3:::box", "s3:::other")).want(400, "Policy has invalid resource")
	s.do("PUT", "/box?policy", "{}").want(400, "MalformedPolicy")
	s.do("DELETE", "/box?policy", "").want(204, "")
	s.do("GET", "/box?policy", "").want(404, "NoSuchBucketPolicy")
}

// Tags of an object are a condition of who may read it.
func TestS3ExistingObjectTags(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/k", "x", "X-Amz-Tagging: secret=yes").want(200, "")
	s.do("PUT", "/box/open", "x", "X-Amz-Tagging: secret=no").want(200, "")
	s.do("PUT", "/box?policy", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}}}`).want(204, "")
	s.do("GET", "/box/k", "").want(403, "explicit deny")
	s.do("PUT", "/box/copy", "", "X-Amz-Copy-Source: box/k").want(403, "explicit deny")
	s.do("GET", "/box/open", "").want(200, "x")
}

func TestS3PresignedURLs(t *testing.T) {
	s := startStorage(t)
	signer := &sigv4.Signer{Service: "s3", Region: region, S3: true}
	presign := func(method, path string, at time.Time, headers ...string) *http.Request {
		t.Helper()
		r := s.request(method, path, "", headers...)
		address, err := signer.PresignHTTP(r, sigv4.Credentials{AccessKeyID: "ADMINISTRATOR", SecretAccessKey: "secret"}, at, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL, err = url.Parse(address); err != nil {
			t.Fatal(err)
		}
		return r
	}
	put := presign("PUT", "/box/a%20b", time.Now())
	put.Body, put.ContentLength = http.NoBody, 0
	s.send(put).want(200, "")
	s.send(presign("GET", "/box/a%20b?response-content-type=text/z&x-id=GetObject", time.Now())).want(200, "").header("Content-Type", "text/z")
	s.send(presign("PUT", "/box/hoisted?x-amz-meta-a=b&x-amz-sdk-checksum-algorithm=CRC32", time.Now())).want(200, "")
	s.do("HEAD", "/box/hoisted", "").want(200, "").header("X-Amz-Meta-A", "b")
	s.send(presign("GET", "/box/a%20b", time.Now().Add(-time.Hour))).want(403, "")
	forged := presign("GET", "/box/a%20b", time.Now())
	forged.URL.Path = "/box/hoisted"
	s.send(forged).want(403, "SignatureDoesNotMatch")
	s.as("", "GET", "/box/a%20b?AWSAccessKeyId=ADMINISTRATOR&Signature=x&Expires=4000000000", "").want(400, "Please use AWS4-HMAC-SHA256.")
	late := presign("GET", "/box/none", time.Now())
	s.send(late).want(404, "NoSuchKey")
}

func TestS3VirtualHosts(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/box/k", "deep").want(200, "")
	for host, status := range map[string]int{
		"box.localhost:4566": 200, "box.s3.localhost": 200, "box.s3.ap-northeast-1.amazonaws.com": 200, "box.s3.amazonaws.com": 200, "box.s3-ap-northeast-1.amazonaws.com": 200,
		"BOX.s3.amazonaws.com": 200, "other.localhost": 404, "s3.localhost": 404, "s3.ap-northeast-1.amazonaws.com": 404,
	} {
		s.do("GET", "/box/k", "", "Host: "+host).want(status, "")
	}
	s.do("GET", "/?list-type=2", "", "Host: box.localhost").want(200, "<Key>box/k</Key>")
}

func TestS3OtherRegionIsNamed(t *testing.T) {
	s := startStorage(t)
	r := s.request("GET", "/box", "")
	signer := &sigv4.Signer{Service: "s3", Region: "eu-west-1", S3: true}
	if err := signer.SignHTTP(r, sigv4.Credentials{AccessKeyID: "ADMINISTRATOR", SecretAccessKey: "secret"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	s.send(r).want(400, "AuthorizationHeaderMalformed").wantAll("Region", region).header("X-Amz-Bucket-Region", region)
}

func TestS3Settings(t *testing.T) {
	s := startStorage(t)
	for _, tt := range []struct{ name, parameter, absent, put, stored, gone string }{
		{
			"encryption", "encryption", "<SSEAlgorithm>AES256</SSEAlgorithm>",
			"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
			"<KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>", "AES256",
		},
		{
			"public access", "publicAccessBlock", "<BlockPublicPolicy>true</BlockPublicPolicy>", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
			"<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>", "NoSuchPublicAccessBlockConfiguration",
		},
		{"tags", "tagging", "NoSuchTagSet", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>", "<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>", "NoSuchTagSet"},
		{
			"lifecycle", "lifecycle", "NoSuchLifecycleConfiguration",
			`<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>r</ID><Filter><And><Prefix>p</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>`,
			"<NoncurrentDays>30</NoncurrentDays>", "NoSuchLifecycleConfiguration",
		},
		{
			"CORS", "cors", "NoSuchCORSConfiguration", "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
			"<AllowedOrigin>https://*.example</AllowedOrigin>", "NoSuchCORSConfiguration",
		},
	} {
		s.do("GET", "/box?"+tt.parameter, "").want(s.do("GET", "/box?"+tt.parameter, "").Status, tt.absent)
		if got := s.do("PUT", "/box?"+tt.parameter, tt.put); got.Status/100 != 2 {
			t.Errorf("%s: %d %s", tt.name, got.Status, got.Body)
		}
		s.do("GET", "/box?"+tt.parameter, "").want(200, tt.stored)
		s.do("DELETE", "/box?"+tt.parameter, "").want(204, "")
		if got := s.do("GET", "/box?"+tt.parameter, ""); !strings.Contains(got.Body, tt.gone) {
			t.Errorf("%s that was deleted: %s", tt.name, got.Body)
		}
	}
	s.do("PUT", "/box?encryption", "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>").want(200, "")
	s.do("PUT", "/box/k", "x").want(200, "").header("X-Amz-Server-Side-Encryption", "aws:kms")
	for parameter, want := range map[string]string{
		"acl": "FULL_CONTROL", "ownershipControls": "BucketOwnerEnforced", "notification": "NotificationConfiguration", "logging": "BucketLoggingStatus", "accelerate": "AccelerateConfiguration",
		"requestPayment": "BucketOwner", "website": "NoSuchWebsiteConfiguration", "replication": "ReplicationConfigurationNotFoundError", "object-lock": "ObjectLockConfigurationNotFoundError",
	} {
		if got := s.do("GET", "/box?"+parameter, ""); !strings.Contains(got.Body, want) {
			t.Errorf("GET ?%s = %s, want %s", parameter, got.Body, want)
		}
	}
}

// Nothing that is not honoured is accepted.
func TestS3RefusesByName(t *testing.T) {
	s := startStorage(t)
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		want                     string
	}{
		{"a parameter", "PUT", "/box?website", "<WebsiteConfiguration/>", nil, "hakone does not support the parameter website of this request"},
		{"a setting of an object", "GET", "/box/k?torrent", "", nil, "hakone does not support the parameter torrent of this request"},
		{"a header", "PUT", "/box/k", "x", []string{"X-Amz-Website-Redirect-Location: /"}, "hakone does not support the header x-amz-website-redirect-location of this request"},
		{"keys of the client", "PUT", "/box/k", "x", []string{"X-Amz-Server-Side-Encryption-Customer-Algorithm: AES256"}, "x-amz-server-side-encryption-customer-algorithm"},
		{"a lock", "PUT", "/box/k", "x", []string{"X-Amz-Object-Lock-Mode: GOVERNANCE"}, "x-amz-object-lock-mode"},
		{"an element", "PUT", "/box?lifecycle", "<LifecycleConfiguration><Rule><Status>Enabled</Status><Transition><Days>1</Days></Transition></Rule></LifecycleConfiguration>", nil, "hakone does not support the element Transition of this request"},
		{"a storage class", "PUT", "/box/k", "x", []string{"X-Amz-Storage-Class: GLACIER"}, "hakone does not support the storage class GLACIER"},
		{"access control lists", "PUT", "/box/k", "x", []string{"X-Amz-Acl: public-read"}, "AccessControlListNotSupported"},
		{"of a bucket", "PUT", "/public", inRegion, []string{"X-Amz-Acl: public-read"}, "InvalidBucketAclWithObjectOwnership"},
		{"other owners", "PUT", "/box?ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>", nil, "hakone does not support object ownership ObjectWriter"},
		{"MFA", "PUT", "/box?versioning", "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>", nil, "hakone does not support MfaDelete"},
		{"forms of browsers", "POST", "/box", "x", []string{"Content-Type: multipart/form-data; boundary=x"}, "hakone does not offer the operation POST /box of s3"},
		{"what is no XML", "PUT", "/box?versioning", "<VersioningConfiguration>", nil, "MalformedXML"},
		{"a number that is none", "GET", "/box?max-keys=x", "", nil, "InvalidArgument"},
	} {
		if got := s.do(tt.method, tt.path, tt.body, tt.headers...); got.Status < 400 || !strings.Contains(got.Body, tt.want) {
			t.Errorf("%s: %d %s, want %s", tt.name, got.Status, got.Body, tt.want)
		}
	}
}

func TestS3CORS(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/k", "x").want(200, "")
	s.as("", "OPTIONS", "/box/k", "", "Origin: https://a.example", "Access-Control-Request-Method: PUT").want(403, "AccessForbidden")
	s.do("PUT", "/box?cors", `<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>
		<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>`).want(200, "")
	s.as("", "OPTIONS", "/box/k", "", "Origin: https://a.example", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: X-Amz-Date").want(200, "").
		header("Access-Control-Allow-Origin", "https://a.example").header("Access-Control-Allow-Methods", "PUT, GET").header("Access-Control-Allow-Headers", "x-amz-date").header("Access-Control-Max-Age", "60")
	s.as("", "OPTIONS", "/box/k", "", "Origin: https://a.example", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: X-Other").want(403, "AccessForbidden")
	s.as("", "OPTIONS", "/box/k", "", "Origin: https://other", "Access-Control-Request-Method: PUT").want(403, "AccessForbidden")
	s.do("GET", "/box/k", "", "Origin: https://a.example").want(200, "x").header("Access-Control-Allow-Origin", "https://a.example").header("Access-Control-Expose-Headers", "ETag")
	s.as("", "GET", "/box/k", "", "Origin: https://a.example").want(403, "").header("Access-Control-Allow-Origin", "https://a.example")
	s.do("GET", "/box/k", "", "Origin: https://other").want(200, "x").header("Access-Control-Allow-Origin", "")
}

// Nobody is let in to hold memory with what is refused anyway; the content of an
// object is a stream.
func TestS3UnsignedBodiesAreSmall(t *testing.T) {
	s := startStorage(t)
	large := strings.Repeat(" ", 65<<10)
	s.as("", "PUT", "/box?policy", large).want(400, "EntityTooLarge")
	s.as("", "POST", "/box?delete", large).want(400, "EntityTooLarge")
	s.as("", "PUT", "/box?policy", "{}").want(403, "Access Denied")
	s.as("", "PUT", "/box/k", large).want(403, "Access Denied")
	for range 20 { // more than there may be at once
		s.do("PUT", "/box?policy", large).want(400, "PolicyTooLarge")
	}
}
