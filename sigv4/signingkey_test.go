package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestMACIsThatOfTheStandardLibrary(t *testing.T) {
	w := newWorkspace()
	defer w.release()
	for _, n := range []int{0, 1, 55, 63, 64, 65, 1000} {
		key := sha256.Sum256([]byte(strconv.Itoa(n)))
		w.toSig = append(w.toSig[:0], strings.Repeat("x", n)...)
		w.mac(newMACKey(key[:]))
		h := hmac.New(sha256.New, key[:])
		h.Write(w.toSig)
		if want := h.Sum(nil); !hmac.Equal(want, w.sum[:]) {
			t.Errorf("%d bytes: %x, want %x", n, w.sum, want)
		}
	}
}

func TestKeyCache(t *testing.T) {
	name := func(id string) keyName { return keyName{accessKeyID: id, date: "20260102", scope: testScope} }
	get := func(c *keyCache, id, secret string) *derived {
		t.Helper()
		d, err := c.get(name(id), secret)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	c := newKeyCache(3)
	a := get(c, "A", "secret")
	if want := deriveKey("secret", "20260102", testScope); *a.mac != *want {
		t.Errorf("key %x, want %x", a.mac, want)
	}
	if get(c, "A", "secret") != a {
		t.Error("the same key is derived again")
	}
	if *get(c, "A", "other").mac == *a.mac {
		t.Error("a new secret keeps the old signing key")
	}
	if len(c.keys) != 1 {
		t.Errorf("%d entries after a change of secret", len(c.keys))
	}
	a, b := get(c, "A", "secret"), get(c, "B", "secret")
	get(c, "C", "secret")
	get(c, "A", "secret") // now B is the oldest
	get(c, "D", "secret")
	if len(c.keys) != 3 || c.keys[name("B")] != nil || c.keys[name("A")] != a {
		t.Errorf("kept %d keys, B %v, A %v", len(c.keys), c.keys[name("B")], c.keys[name("A")])
	}
	if get(c, "B", "secret") == b {
		t.Error("B was not given up")
	}
	for i := range 100 {
		get(c, strconv.Itoa(i), "secret")
	}
	if len(c.keys) != 3 {
		t.Errorf("%d entries, the bound is 3", len(c.keys))
	}
}

func TestKeyCacheInUseByMany(t *testing.T) {
	c := newKeyCache(4)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				id := strconv.Itoa((i + g) % 7)
				d, err := c.get(keyName{accessKeyID: id, date: "20260102", scope: testScope}, "secret"+id)
				if err != nil || d.secret != "secret"+id {
					t.Errorf("%v, %v", d, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestStrangersDoNotFillTheCache: only known keys in scope get an entry.
func TestStrangersDoNotFillTheCache(t *testing.T) {
	v := testVerifier()
	for i := range 50 {
		f := newForgery(false)
		switch i % 3 {
		case 0:
			f.id = "AKID" + strconv.Itoa(i)
		case 1:
			f.region = "r" + strconv.Itoa(i)
		case 2:
			f.scopeDate = strconv.Itoa(20260103 + i)
		}
		if _, err := verify(v, f.forge(t)); err == nil {
			t.Fatal("accepted")
		}
	}
	if n := len(v.keys.keys); n != 0 {
		t.Errorf("%d entries", n)
	}
}
