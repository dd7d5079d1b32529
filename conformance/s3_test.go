//go:build conformance

package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestS3Clients drives buckets with the AWS CLI, which sends large files in parts,
// and with boto3.
func TestS3Clients(t *testing.T) {
	s := start(t)
	administrator, role := s.environment(), s.environment("--role", "Ec2IamRole")
	dir := t.TempDir()
	large := strings.Repeat("0123456789abcdef", 10<<16) // 10 MiB: two parts
	for name, content := range map[string]string{"site/a.txt": "a", "site/sub/b.html": "<b>", "large": large} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{"$SITE": filepath.Join(dir, "site"), "$LARGE": filepath.Join(dir, "large"), "$BACK": filepath.Join(dir, "back")}
	s.walk(administrator, files, []step{
		{call: "s3 mb s3://a-bucket", want: "make_bucket: a-bucket"},
		{call: "s3 ls", want: "a-bucket"},
		{call: "s3 sync $SITE s3://a-bucket/site", want: "upload: "},
		{call: "s3 sync $SITE s3://a-bucket/site --delete"},
		{call: "s3 cp $LARGE s3://a-bucket/large --no-progress", want: "upload: "},
		{call: "s3 ls s3://a-bucket/site/", want: "PRE sub/"},
		{call: "s3 cp s3://a-bucket/large $BACK --no-progress", want: "download: "},
		{call: "s3 cp s3://a-bucket/site/a.txt s3://a-bucket/copy --no-progress", want: "copy: "},
		{call: "s3 mv s3://a-bucket/copy s3://a-bucket/moved --no-progress", want: "move: "},
		{call: "s3 cp s3://a-bucket/site/sub/b.html -", want: "<b>"},
		{call: "s3api head-object --bucket a-bucket --key large --checksum-mode ENABLED", want: `-2"`},
		{call: "s3api get-object-attributes --bucket a-bucket --key large --object-attributes ObjectSize ObjectParts", want: `"TotalPartsCount": 2`},
		{call: "s3api list-objects-v2 --bucket a-bucket --prefix site/ --query length(Contents)", want: "2"},
		{call: "s3api put-bucket-versioning --bucket a-bucket --versioning-configuration Status=Enabled"},
		{call: "s3api get-bucket-versioning --bucket a-bucket", want: "Enabled"},
		{call: "s3api put-public-access-block --bucket a-bucket --public-access-block-configuration BlockPublicAcls=true"},
		{call: "s3api get-bucket-location --bucket a-bucket", want: "LocationConstraint"},
		{call: "s3api put-bucket-acl --bucket a-bucket --acl public-read", want: "hakone does not support the parameter acl", refused: true},
		{call: "s3 rb s3://a-bucket", want: "BucketNotEmpty", refused: true},
	})
	back, err := os.ReadFile(files["$BACK"])
	if err != nil || string(back) != large {
		t.Errorf("what came back has %d bytes, %v", len(back), err)
	}
	s.run(administrator, "aws", "configure", "set", "default.s3.signature_version", "s3v4") // the older one is the default of old regions
	link := strings.TrimSpace(s.run(administrator, "aws", "s3", "presign", "s3://a-bucket/site/a.txt"))
	if got := s.run(administrator, "curl", "-s", link); got != "a" {
		t.Errorf("curl of a presigned URL printed %q", got)
	}
	for _, tt := range []struct {
		name        string
		environment []string
		script      string
		want        string
	}{
		{"an object's life", administrator, s3Script, "b'streamed' CRC32\n206 b'tre'\n{'k': 'v'}\nNoSuchKey\nBadDigest\n['k', 'k']\nfrom a page\n"},
		{"a role without rights", role, s3DeniedScript, "AccessDenied s3:ListAllMyBuckets\nAccessDenied s3:GetObject\n403\n"},
	} {
		t.Run("boto3: "+tt.name, func(t *testing.T) {
			if got := s.run(tt.environment, "python3", "-c", tt.script); got != tt.want {
				t.Errorf("boto3 printed\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

const s3Script = `
import boto3, botocore, io, urllib.request
s3 = boto3.client("s3", config=botocore.config.Config(signature_version="s3v4"))
s3.upload_fileobj(io.BytesIO(b"streamed"), "a-bucket", "k", ExtraArgs={"Metadata": {"k": "v"}, "ContentType": "text/x"})
got = s3.get_object(Bucket="a-bucket", Key="k", ChecksumMode="ENABLED")
print(got["Body"].read(), "CRC32" if "ChecksumCRC32" in got else got)
part = s3.get_object(Bucket="a-bucket", Key="k", Range="bytes=1-3")
print(part["ResponseMetadata"]["HTTPStatusCode"], part["Body"].read())
print(got["Metadata"])
for call in (
    lambda: s3.get_object(Bucket="a-bucket", Key="none"),
    lambda: s3.put_object(Bucket="a-bucket", Key="k", Body=b"x", ChecksumSHA256="FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
):
    try:
        print(call())
    except botocore.exceptions.ClientError as e:
        print(e.response["Error"]["Code"])
s3.delete_object(Bucket="a-bucket", Key="k")
print([v["Key"] for kind in ("Versions", "DeleteMarkers") for v in s3.list_object_versions(Bucket="a-bucket", Prefix="k")[kind]])
put = s3.generate_presigned_url("put_object", Params={"Bucket": "a-bucket", "Key": "page"})
urllib.request.urlopen(urllib.request.Request(put, data=b"from a page", method="PUT"))
print(s3.get_object(Bucket="a-bucket", Key="page")["Body"].read().decode())
`

const s3DeniedScript = `
import boto3, botocore
s3 = boto3.client("s3")
for call in (lambda: s3.list_buckets(), lambda: s3.get_object(Bucket="a-bucket", Key="site/a.txt")):
    try:
        print(call())
    except botocore.exceptions.ClientError as e:
        print(e.response["Error"]["Code"], e.response["Error"]["Message"].split("perform: ")[1].split(" ")[0])
try:
    print(s3.head_object(Bucket="a-bucket", Key="site/a.txt"))
except botocore.exceptions.ClientError as e:
    print(e.response["Error"]["Code"])
`
