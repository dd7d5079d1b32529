package worker

import "testing"

func FuzzUnframe(f *testing.F) {
	good, err := frame(callHead{Call: "c"}, []byte("event"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0, 0, 0, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, b []byte) {
		head, body, err := unframe[callHead](b)
		if err == nil && len(body) > len(b)-4 {
			t.Errorf("%v: the body is longer than the message", head)
		}
		a := assembly{stream: func(string, []byte) {}}
		_, _ = a.add(b)
	})
}
