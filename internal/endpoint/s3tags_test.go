package endpoint_test

import (
	"testing"
)

// What a bucket's policy says of an object's tags holds for all that reads the
// object or could change its tags.
func TestS3TagsDecide(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/secret", "x", "X-Amz-Tagging: class=secret").want(200, "")
	s.do("PUT", "/box/open", "x", "X-Amz-Tagging: class=open").want(200, "")
	s.do("PUT", "/box/plain", "x").want(200, "")
	s.do("PUT", "/box?policy", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/NOBODY"},"Action":["s3:GetObject*","s3:*ObjectTagging","s3:ListBucket"],"Resource":["arn:aws:s3:::box","arn:aws:s3:::box/*"]},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/READER"},"Action":["s3:GetObject","s3:GetObjectAttributes"],"Resource":"arn:aws:s3:::box/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"open"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::box/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"secret"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::box/*","Condition":{"StringEquals":{"s3:RequestObjectTag/class":"open"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::box/*","Condition":{"ForAnyValue:StringEquals":{"s3:RequestObjectTagKeys":"owner"}}}]}`).want(204, "")
	tags := func(key, value string) string {
		return "<Tagging><TagSet><Tag><Key>" + key + "</Key><Value>" + value + "</Value></Tag></TagSet></Tagging>"
	}
	for _, tt := range []struct {
		name, key, method, path, body string
		header                        string
		status                        int
		text                          string
	}{
		{"a denied reader does not change the tags", "NOBODY", "PUT", "/box/secret?tagging", tags("a", "b"), "", 403, "s3:PutObjectTagging"},
		{"of a version", "NOBODY", "PUT", "/box/secret?tagging&versionId=null", tags("a", "b"), "", 403, "s3:PutObjectVersionTagging"},
		{"nor with tags that are none", "NOBODY", "PUT", "/box/secret?tagging", tags("", "b"), "", 403, "s3:PutObjectTagging"},
		{"nor removes them", "NOBODY", "DELETE", "/box/secret?tagging", "", "", 403, "s3:DeleteObjectTagging"},
		{"nor reads them", "NOBODY", "GET", "/box/secret?tagging", "", "", 403, "s3:GetObjectTagging"},
		{"nor the attributes", "NOBODY", "GET", "/box/secret?attributes", "", "X-Amz-Object-Attributes: ETag", 403, "s3:GetObject on"},
		{"nor the access control list", "NOBODY", "GET", "/box/secret?acl", "", "", 403, "s3:GetObjectAcl"},
		{"nor the head", "NOBODY", "HEAD", "/box/secret", "", "", 403, ""},
		{"an administrator neither", "ADMINISTRATOR", "GET", "/box/secret", "", "", 403, "explicit deny"},
		{"another object is open", "NOBODY", "GET", "/box/open?tagging", "", "", 200, "<Value>open</Value>"},
		{"by its tags", "READER", "GET", "/box/open", "", "", 200, "x"},
		{"with its attributes", "READER", "GET", "/box/open?attributes", "", "X-Amz-Object-Attributes: ETag", 200, "ETag"},
		{"without them it is not", "READER", "GET", "/box/plain", "", "", 403, "s3:GetObject"},
		{"attributes are an action", "BLIND", "GET", "/box/plain?attributes", "", "X-Amz-Object-Attributes: ETag", 403, "s3:GetObjectAttributes"},
		{"tags that are asked for decide", "NOBODY", "PUT", "/box/plain?tagging", tags("class", "open"), "", 403, "s3:PutObjectTagging"},
		{"and their keys", "NOBODY", "PUT", "/box/plain?tagging", tags("owner", "me"), "", 403, "s3:PutObjectTagging"},
		{"others are set", "NOBODY", "PUT", "/box/plain?tagging", tags("a", "b"), "", 200, ""},
		{"what is not there", "NOBODY", "PUT", "/box/none?tagging", tags("a", "b"), "", 404, "NoSuchKey"},
	} {
		headers := []string{}
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		t.Run(tt.name, func(t *testing.T) {
			r := s.as(tt.key, tt.method, tt.path, tt.body, headers...)
			r.t = t
			r.want(tt.status, tt.text)
		})
	}
}

// A copy takes the tags along for who may read and set them.
func TestS3CopiesOfTags(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/tagged", "x", "X-Amz-Tagging: class=a").want(200, "")
	s.do("PUT", "/box/plain", "x").want(200, "")
	const statement = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/NOBODY"},"Action":`
	const closed = `,"Resource":"arn:aws:s3:::box/*"},{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::box/not/*","Condition":{"StringEquals":{"s3:RequestObjectTag/class":"a"}}}]}`
	may := func(actions string) { s.do("PUT", "/box?policy", statement+actions+closed).want(204, "") }
	const from, replace = "X-Amz-Copy-Source: box/tagged", "X-Amz-Tagging-Directive: REPLACE"

	may(`["s3:GetObject","s3:PutObject"]`)
	s.as("NOBODY", "PUT", "/box/copy", "", from).want(403, "s3:GetObjectTagging")
	s.as("NOBODY", "PUT", "/box/copy", "", "X-Amz-Copy-Source: box/plain").want(200, "")
	s.as("NOBODY", "PUT", "/box/copy", "", from, replace).want(200, "")
	s.do("GET", "/box/copy?tagging", "").wantAll("Key", "")
	may(`["s3:GetObject","s3:PutObject","s3:GetObjectTagging"]`)
	s.as("NOBODY", "PUT", "/box/copy", "", from).want(403, "s3:PutObjectTagging")
	may(`["s3:GetObject","s3:PutObject","s3:GetObjectTagging","s3:PutObjectTagging"]`)
	s.as("NOBODY", "PUT", "/box/copy", "", from).want(200, "")
	s.do("GET", "/box/copy?tagging", "").wantAll("Key", "class")
	s.as("NOBODY", "PUT", "/box/not/copy", "", from).want(403, "s3:PutObjectTagging")
}

// The condition key of a source is bucket and key, however a client writes them.
func TestS3CopySourceIsACondition(t *testing.T) {
	s := startStorage(t)
	s.do("PUT", "/box/public/k", "x").want(200, "")
	s.do("PUT", "/box/private/k", "x").want(200, "")
	s.do("PUT", "/box?policy", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::box/*","Condition":{"StringLike":{"s3:x-amz-copy-source":"box/private/*"}}}}`).want(204, "")
	id := s.do("POST", "/box/parts?uploads", "").want(200, "").all("UploadId")
	for _, target := range []string{"/box/copy", "/box/parts?partNumber=1&uploadId=" + id} {
		for _, source := range []string{"box/private/k", "/box/private/k", "box/%70rivate/k", "box%2Fprivate%2Fk?versionId=null"} {
			s.do("PUT", target, "", "X-Amz-Copy-Source: "+source).want(403, "explicit deny")
		}
		s.do("PUT", target, "", "X-Amz-Copy-Source: box/public/k").want(200, "ETag")
	}
}
