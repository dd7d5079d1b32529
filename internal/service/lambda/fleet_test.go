package lambda_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/store"
)

// nodes are places that share records. The functions ends one of them.
func nodes(t *testing.T, n int) (places []*place, end []func()) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server did not start")
	}
	for range n {
		e, err := engine.Start(t.Context(), engine.Config{URL: srv.ClientURL()})
		if err != nil {
			t.Fatal(err)
		}
		records, err := store.Open(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		code, err := blob.Open(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		pool := execenv.New(execenv.Config{Dir: t.TempDir(), Code: code})
		running(t, pool.Run)
		places = append(places, &place{t, records, code, pool})
		shut := func() { _, _ = records.Close(), e.Close() }
		t.Cleanup(shut)
		end = append(end, shut)
	}
	return places, end
}

func TestAnAsynchronousCallOfANodeThatIsGoneIsMadeByOneOther(t *testing.T) {
	places, end := nodes(t, 3)
	box := make(inbox, 10)
	first := places[0].service(box) // it accepts, and never runs
	hello(t, first, "event")
	allow(t, first, "")
	configure(t, first, lambda.EventInvokeConfig{OnSuccess: destination})
	others := []*lambda.Service{places[1].service(box), places[2].service(box)}
	for _, s := range others {
		running(t, s.Run)
	}
	id := accept(t, first)
	time.Sleep(50 * time.Millisecond)
	if len(box) > 0 {
		t.Fatal("the call of a node that lives was taken over")
	}
	end[0]()
	if d := <-box; d.RequestID != id || !d.Success {
		t.Errorf("delivered %+v, want the success of %s", d, id)
	}
	time.Sleep(100 * time.Millisecond)
	if len(box) > 0 {
		t.Error("two nodes made the call")
	}
}
