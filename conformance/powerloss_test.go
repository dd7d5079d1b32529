//go:build conformance

package conformance

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

var powerCuts = flag.Int("power-cuts", 6, "how often TestPowerLoss cuts the power")

// A disk is a file system of its own in an image file. What programs wrote and did
// not sync is in the kernel's memory; the image has what a disk would have. The
// power is cut by copying the image: the copy, mounted, is the disk after it.
type disk struct {
	t            *testing.T
	image, mount string
	cuts         int
}

// newDisk makes the file system, or skips the test and says why.
func newDisk(t *testing.T) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a disk of its own needs root: an image file is mounted")
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Skip("a disk of its own needs mkfs.ext4")
	}
	d := &disk{t: t, image: filepath.Join(t.TempDir(), "disk"), mount: filepath.Join(t.TempDir(), "mount")}
	f, err := os.Create(d.image)
	if err == nil {
		err = errors.Join(f.Truncate(256<<20), f.Close(), os.Mkdir(d.mount, 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", d.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	if out, err := d.plug(); err != nil {
		t.Skipf("image files cannot be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", d.mount).Run() })
	return d
}

// plug mounts the disk. The kernel writes nothing by itself for a while, and does
// not guess which files are to be safe.
func (d *disk) plug() ([]byte, error) {
	return exec.Command("mount", "-o", "loop,commit=300,noauto_da_alloc", d.image, d.mount).CombinedOutput()
}

// cut cuts the power: what is on the disk from now on is what was synced.
func (d *disk) cut() {
	d.t.Helper()
	d.cuts++
	after := d.image + "'"
	if out, err := exec.Command("cp", "--sparse=auto", d.image, after).CombinedOutput(); err != nil {
		d.t.Fatalf("copy the disk: %v: %s", err, out)
	}
	if out, err := exec.Command("umount", d.mount).CombinedOutput(); err != nil {
		d.t.Fatalf("umount: %v: %s", err, out)
	}
	if err := os.Remove(d.image); err != nil {
		d.t.Fatal(err)
	}
	d.image = after
	if out, err := d.plug(); err != nil {
		d.t.Fatalf("mount the disk after power loss: %v: %s", err, out)
	}
}

// checkLoss shows that the disk loses what was not synced, and nothing else.
func (d *disk) checkLoss() {
	d.t.Helper()
	lost, kept := filepath.Join(d.mount, "lost"), filepath.Join(d.mount, "kept")
	f, err := os.Create(kept)
	if err == nil {
		_, err = f.WriteString("synced")
		err = errors.Join(err, f.Sync(), f.Close(), os.WriteFile(lost, []byte("not synced"), 0o600))
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.cut()
	if text, err := os.ReadFile(kept); err != nil || string(text) != "synced" {
		d.t.Fatalf("the disk loses what was synced: %q, %v", text, err)
	}
	if text, err := os.ReadFile(lost); !errors.Is(err, fs.ErrNotExist) && len(text) > 0 {
		d.t.Fatalf("the disk loses nothing: %q, %v", text, err)
	}
}

// TestPowerLoss cuts the power at random moments of creating and deleting users
// and stacks, and looks after each start whether every acknowledged change is
// there and nothing is half made.
func TestPowerLoss(t *testing.T) {
	d := newDisk(t)
	d.checkLoss()
	binary := filepath.Join(t.TempDir(), "hakone")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/hakone").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	c := &crashing{t: t, binary: binary, dataDir: filepath.Join(d.mount, "data")}
	c.start()
	defer func() { c.kill() }()
	users, stacks := newLedger(), newLedger()
	acknowledged := 0
	for range *powerCuts {
		var administrator struct{ AccessKeyID, SecretAccessKey string }
		text, err := os.ReadFile(filepath.Join(c.dataDir, "administrator.json"))
		if err != nil || json.Unmarshal(text, &administrator) != nil {
			c.fatal("no administrator: %v", err)
		}
		c.credentials = sigv4.Credentials{AccessKeyID: administrator.AccessKeyID, SecretAccessKey: administrator.SecretAccessKey}
		var refused atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.load(t.Context(), users, stacks, d.cuts, &refused)
		}()
		time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
		c.kill()
		d.cut()
		<-done
		acknowledged += len(users.present) + len(stacks.present)
		c.start()
		c.check(users, stacks)
	}
	t.Logf("%d power cuts; %d acknowledged changes, all there", d.cuts-1, acknowledged)
}
