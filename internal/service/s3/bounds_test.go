package s3

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
)

// Readers hold no more memory than there is for them.
func TestDownloadsAreBounded(t *testing.T) {
	b := start(t)
	if err := b.newBucket(t.Context(), &bucket{Name: "box"}); err != nil {
		t.Fatal(err)
	}
	b.put("box", "large", strings.Repeat("x", smallBuffer+1))
	b.put("box", "small", "content")
	get := func(key string) (*getObjectOutput, error) {
		in := &getObjectInput{}
		in.Bucket, in.Key = "box", key
		return b.getObject(as(t, all), in)
	}
	var opened []*getObjectOutput
	for range maxDownloads / segmentSize {
		out, err := get("large")
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, out)
	}
	for _, key := range []string{"large", "small"} {
		var refusal *awserr.Error
		if _, err := get(key); !errors.As(err, &refusal) || refusal.Code != "SlowDown" || refusal.HTTPStatus() != 503 {
			t.Errorf("one more, %s: %v", key, err)
		}
	}
	for range 2 { // closing twice gives nothing back twice
		opened[0].Body.Close()
	}
	for range 1000 {
		out, err := get("small")
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, out)
	}
	for _, out := range opened[1:] {
		if text, err := io.ReadAll(out.Body); err != nil || int64(len(text)) != out.Length {
			t.Errorf("%d bytes of %d, %v", len(text), out.Length, err)
		}
		out.Body.Close()
	}
	if left := b.downloads.Load(); left != 0 {
		t.Errorf("%d bytes stay taken", left)
	}
}

// A page decodes what it shows: what cannot be decoded does no harm elsewhere.
func TestPagesDecodeWhatTheyShow(t *testing.T) {
	b := start(t)
	if err := b.newBucket(t.Context(), &bucket{Name: "box"}); err != nil {
		t.Fatal(err)
	}
	made, err := b.bucket("box")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"dir/1", "dir/3", "e", "f"} {
		b.put("box", key, "x")
	}
	const id = "upload"
	u := upload{Key: "k"}
	if err := errors.Join(b.pending(made).Create(t.Context(), id, u), b.parts(made).Create(t.Context(), partKey(id, 2), part{})); err != nil {
		t.Fatal(err)
	}
	for collection, keys := range map[string][]string{"objects": {"a", "dir/2", "z"}, "parts": {partKey(id, 1), partKey("other", 1)}} {
		for _, key := range keys {
			if err := store.In[string](b.cfg.Store, "s3."+collection+"."+made.ID).Put(t.Context(), key, "no record"); err != nil {
				t.Fatal(err)
			}
		}
	}
	two := 2
	l := listing{target: target{Bucket: "box"}, Delimiter: "/", MaxKeys: &two}
	p, err := b.list(&l, "b", false)
	if err != nil || len(p.prefixes) != 1 || len(p.objects) != 1 {
		t.Errorf("objects: %+v, %v", p, err)
	}
	l.Prefix, l.Delimiter = "e", ""
	if p, err := b.list(&l, "", false); err != nil || len(p.objects) != 1 {
		t.Errorf("objects of a prefix: %+v, %v", p, err)
	}
	l.Prefix, l.Delimiter = "", "/"
	versions, err := b.listObjectVersions(t.Context(), &listVersionsInput{listing: l, KeyMarker: "b"})
	if err != nil || len(versions.Entries) != 1 || len(versions.CommonPrefixes) != 1 {
		t.Errorf("versions: %+v, %v", versions, err)
	}
	parts, err := b.listParts(t.Context(), &listPartsInput{uploadInput: uploadInput{target: l.target, Key: "k", UploadID: id}, PartMarker: "1"})
	if err != nil || len(parts.Part) != 1 || parts.Part[0].PartNumber != 2 {
		t.Errorf("parts: %+v, %v", parts, err)
	}
	if err := b.forgetUpload(t.Context(), made, id); err != nil || b.parts(made).Len() != 1 {
		t.Errorf("parts of another upload: %d, %v", b.parts(made).Len(), err)
	}
}
