package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
)

// A change is deployed when nothing has changed for quiet: editors and compilers
// write several files, some of them twice. Who never stops writing is not
// waited for longer than patience.
const (
	quiet    = 150 * time.Millisecond
	patience = 2 * time.Second
)

// watch deploys again whenever a source of the deployment changes, until ctx is
// done. A deployment that fails is told, and what runs goes on.
func (p *program) watch(ctx context.Context, w *watcher, o deployOptions, paths []string) error {
	for w != nil {
		changed, err := w.wait(ctx)
		if err != nil || changed == "" {
			return err
		}
		p.say("\nChanged: %s", changed)
		// What is watched is brought up to date before anything is read, so that no
		// change after this deployment goes unseen.
		if err := p.redeploy(ctx, w, o, paths); err != nil && ctx.Err() == nil {
			p.exitStatus(err)
			p.say("What was deployed before goes on. Waiting for the next change.")
		}
	}
	return nil
}

func (p *program) redeploy(ctx context.Context, w *watcher, o deployOptions, paths []string) error {
	w.follow(sourcesOf(paths))
	d, err := o.collect(paths)
	if err != nil {
		return err
	}
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	if err := p.checkRegion(c, d); err != nil {
		return err
	}
	request := server.DeployRequest{Templates: d.templates, Placeholders: o.placeholders}
	return c.follow(ctx, http.MethodPost, "/_hakone/deploy", request, p.progressView().see)
}

// sourcesOf lists what the deployment of paths reads.
func sourcesOf(paths []string) []string {
	var found []string
	for _, path := range paths {
		files, err := templateFiles(path)
		if err != nil {
			continue // told by the deployment
		}
		for _, file := range files {
			if absolute, err := filepath.Abs(file); err == nil {
				found = append(found, absolute, filepath.Join(filepath.Dir(absolute), "samconfig.toml"))
				found = append(found, cloudformation.Sources(absolute)...)
			}
		}
	}
	return found
}

// A watcher tells of changes to sources: files, and folders with everything
// below them.
type watcher struct {
	notify  *fsnotify.Watcher
	ignored string // a folder that never counts: the data directory
	warn    func(format string, args ...any)

	sources   map[string]bool // absolute, without links; true: a folder
	templates []string        // folders in which a new template is one of the deployment
	folders   map[string]bool // that the system reports on
	warned    bool
}

// watcherOf watches the sources of a deployment; nil if there is nothing to
// watch.
func (p *program) watcherOf(wanted bool, paths []string) (*watcher, error) {
	if !wanted || len(paths) == 0 {
		return nil, nil
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch sources: %w (--watch=false does without)", err)
	}
	w := &watcher{notify: notify, ignored: p.dataDir, warn: p.say, sources: map[string]bool{}, folders: map[string]bool{}}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			if absolute, err := filepath.Abs(real); err == nil {
				w.templates = append(w.templates, absolute)
			}
		}
	}
	w.follow(sourcesOf(paths))
	return w, nil
}

func (w *watcher) close() {
	if w != nil {
		_ = w.notify.Close()
	}
}

// follow watches sources from now on, beside those of before: a template that
// is broken now names none of its own.
func (w *watcher) follow(sources []string) {
	wanted := map[string]bool{}
	for _, source := range slices.AppendSeq(sources, maps.Keys(w.sources)) {
		if real, err := filepath.EvalSymlinks(source); err == nil {
			source = real
		}
		isFolder := false
		err := filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || !d.IsDir():
				return nil // what is gone meanwhile does not count
			case path == w.ignored || path != source && !cloudformation.IsSource(d.Name()):
				return fs.SkipDir
			}
			isFolder = true
			wanted[path] = true
			return nil
		})
		if err != nil {
			continue
		}
		// Files are seen through their folder: editors put a new one in the old
		// one's place. So is what does not exist yet.
		wanted[filepath.Dir(source)] = true
		w.sources[source] = isFolder
	}
	for folder := range w.folders {
		if !wanted[folder] {
			_ = w.notify.Remove(folder) // gone by itself, maybe
			delete(w.folders, folder)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(wanted)) {
		if err := w.notify.Add(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			if !w.warned {
				w.warn("warning: %s is not watched for changes: %v", folder, err)
				w.warned = true
			}
			continue
		}
		w.folders[folder] = true
	}
}

// counts reports whether a change of the file is one of a source.
func (w *watcher) counts(name string) bool {
	if name == w.ignored || strings.HasPrefix(name, w.ignored+string(filepath.Separator)) {
		return false
	}
	if slices.Contains(w.templates, filepath.Dir(name)) && isTemplate(name) {
		return true
	}
	for source, isFolder := range w.sources {
		if name == source {
			return true
		}
		if rest, ok := strings.CutPrefix(name, source+string(filepath.Separator)); isFolder && ok {
			below := strings.Split(rest, string(filepath.Separator))
			if !slices.ContainsFunc(below, func(n string) bool { return !cloudformation.IsSource(n) }) {
				return true
			}
		}
	}
	return false
}

// wait waits for a change and for the quiet after it. It returns the file that
// changed first, or "" when ctx is done.
func (w *watcher) wait(ctx context.Context) (string, error) {
	changed := ""
	var settled, enough <-chan time.Time
	for {
		select {
		case event := <-w.notify.Events:
			if event.Op == fsnotify.Chmod || !w.counts(event.Name) {
				continue
			}
			if changed == "" {
				changed = event.Name
				enough = time.After(patience)
			}
			settled = time.After(quiet)
		case err := <-w.notify.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return "", fmt.Errorf("watch sources: %w", err)
			}
			changed, settled = "more files than can be named", time.After(quiet)
		case <-settled:
			return changed, nil
		case <-enough:
			return changed, nil
		case <-ctx.Done():
			return "", nil
		}
	}
}
