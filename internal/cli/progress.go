package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/hakonegate/hakone/internal/server"
)

// A progressView shows a deployment to a person: a live table on a terminal,
// a line for each event elsewhere. It is safe for concurrent use.
//
// What is settled stays on the screen as it was printed; only the resources
// that are being worked on, below it, are drawn anew.
type progressView struct {
	w    io.Writer
	live bool
	size func() (width, height int) // of the terminal
	now  func() time.Time

	mu    sync.Mutex
	rows  []progressRow // that are being worked on
	names int           // width of the column of names
	drawn int           // lines of rows on the screen
	tick  *time.Timer   // draws the rows again, while there are any
	at    time.Time     // when it did so last
}

type progressRow struct {
	logicalID, kind, status, reason string
	began                           time.Time
	took                            time.Duration
}

func (p *program) progressView() *progressView {
	if p.view != nil {
		return p.view
	}
	v := &progressView{w: p.stderr, now: time.Now}
	p.view = v
	if file, ok := p.stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		v.live = true
		v.size = func() (width, height int) {
			width, height, err := term.GetSize(int(file.Fd()))
			if err != nil || width <= 0 || height <= 0 {
				return 80, 24
			}
			return width, height
		}
	}
	return v
}

// Write implements [io.Writer]: text that is printed above the live table.
func (v *progressView) Write(text []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	n, err := v.w.Write(text)
	v.draw()
	return n, err
}

// see shows one line of progress.
func (v *progressView) see(line server.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	defer v.draw()
	switch {
	case line.Warning != "":
		fmt.Fprintf(v.w, "warning: %s\n", line.Warning)
	case line.Begin != nil:
		v.begin(line.Begin)
	case line.Resource != nil:
		v.resource(line.Resource)
	case line.Stack != nil:
		v.rows = nil
		v.end(line.Stack)
	case line.Problem != nil:
		v.rows = nil
	}
}

func (v *progressView) begin(stack *server.BeginStack) {
	fmt.Fprintf(v.w, "Stack %s: %s", stack.Name, strings.ToLower(stack.Operation))
	if len(stack.Capabilities) > 0 {
		fmt.Fprintf(v.w, " (granted: %s)", strings.Join(stack.Capabilities, ", "))
	}
	fmt.Fprintln(v.w)
	v.rows, v.names = nil, 0
	var recorded, placeholders []string
	for _, change := range stack.Resources {
		v.names = max(v.names, len(change.LogicalID))
		switch change.Level {
		case "recorded":
			recorded = append(recorded, change.LogicalID)
		case "placeholder":
			placeholders = append(placeholders, change.LogicalID+" ("+change.Type+")")
		}
	}
	if len(recorded) > 0 {
		fmt.Fprintf(v.w, "  recorded, no local effect: %s\n", strings.Join(recorded, ", "))
	}
	if len(placeholders) > 0 {
		fmt.Fprintf(v.w, "  placeholders, nothing behind them: %s\n", strings.Join(placeholders, ", "))
	}
}

const stackType = "AWS::CloudFormation::Stack"

func (v *progressView) resource(event *server.ResourceEvent) {
	if !v.live {
		// A second CREATE_IN_PROGRESS only adds the physical ID.
		if event.Reason == "Resource creation Initiated" {
			return
		}
		line := fmt.Sprintf("  %-35s %-40s %-41s %s", event.Status, event.Type, event.LogicalID, event.Reason)
		fmt.Fprintln(v.w, strings.TrimRight(line, " "))
		return
	}
	if event.Type == stackType {
		return
	}
	row, settled := v.row(event), !strings.HasSuffix(event.Status, "IN_PROGRESS")
	row.status, row.reason = event.Status, event.Reason
	if !settled {
		return
	}
	row.took = v.now().Sub(row.began)
	width, _ := v.size()
	fmt.Fprintln(v.w, v.line(row, width))
	if strings.HasSuffix(row.status, "FAILED") && row.reason != "" {
		fmt.Fprintf(v.w, "    %s\n", row.reason)
	}
	v.rows = slices.DeleteFunc(v.rows, func(r progressRow) bool { return r.logicalID == event.LogicalID })
}

func (v *progressView) row(event *server.ResourceEvent) *progressRow {
	for i := range v.rows {
		if v.rows[i].logicalID == event.LogicalID {
			return &v.rows[i]
		}
	}
	v.rows = append(v.rows, progressRow{logicalID: event.LogicalID, kind: event.Type, began: v.now()})
	return &v.rows[len(v.rows)-1]
}

// erase removes the live table from the screen.
func (v *progressView) erase() {
	if v.drawn > 0 {
		fmt.Fprintf(v.w, "\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
}

// redraw shows how long the rows have been under way.
func (v *progressView) redraw() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tick, v.at = nil, v.now()
	v.erase()
	v.draw()
}

// draw draws the live table where the cursor is. It is never higher than the
// screen, and no line is wider: the cursor could not be moved back over it.
func (v *progressView) draw() {
	if !v.live || len(v.rows) == 0 {
		return
	}
	if v.tick == nil {
		v.tick = time.AfterFunc(time.Second, v.redraw)
	}
	width, height := v.size()
	shown := v.rows
	if room := max(height-2, 1); len(shown) > room {
		shown = shown[:room]
	}
	var text strings.Builder
	for i := range shown {
		text.WriteString(v.line(&shown[i], width) + "\n")
	}
	if more := len(v.rows) - len(shown); more > 0 {
		fmt.Fprintf(&text, "  … and %d more\n", more)
		v.drawn++
	}
	v.drawn += len(shown)
	fmt.Fprint(v.w, text.String())
}

// line is a row within the width of the screen: first the type goes, then the
// end of the name.
func (v *progressView) line(row *progressRow, width int) string {
	took := ""
	if row.took > 0 {
		took = row.took.Round(time.Millisecond).String()
	} else if under := v.at.Sub(row.began); under >= time.Second {
		took = under.Truncate(time.Second).String()
	}
	text := fmt.Sprintf("%-18s %8s  %-*s", row.status, took, v.names, row.logicalID)
	const sign, shortest = 4, 12 // columns of the mark, and the fewest that a type makes sense in
	room := width - 1 - sign
	if left := room - utf8.RuneCountInString(text) - 2; left >= shortest {
		text += "  " + cut(row.kind, left)
	}
	return "  " + mark(row.status) + " " + cut(strings.TrimRight(text, " "), room)
}

// cut shortens text to a width.
func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > max(width, 1) {
		return string(runes[:max(width, 1)-1]) + "…"
	}
	return text
}

// mark is a coloured sign for a status.
func mark(status string) string {
	switch {
	case strings.Contains(status, "FAILED"):
		return "\x1b[31m✗\x1b[0m"
	case strings.HasSuffix(status, "COMPLETE"):
		return "\x1b[32m✓\x1b[0m"
	default:
		return "\x1b[33m…\x1b[0m"
	}
}

func (v *progressView) end(stack *server.StackResult) {
	if !stack.Changed {
		fmt.Fprintf(v.w, "Stack %s: no changes\n", stack.Name)
		return
	}
	fmt.Fprintf(v.w, "Stack %s: %s\n", stack.Name, strings.TrimSpace(stack.Status+" "+stack.Reason))
}
