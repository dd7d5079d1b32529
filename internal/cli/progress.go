package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/hakonegate/hakone/internal/server"
)

// A progressView shows a deployment to a person: a live table on a terminal,
// a line for each event elsewhere.
type progressView struct {
	w    io.Writer
	live bool
	now  func() time.Time

	rows  []progressRow // of the stack that is being worked on
	drawn int           // lines of the table on the screen
}

type progressRow struct {
	logicalID, kind, status, reason string
	began                           time.Time
	took                            time.Duration
}

func (p *program) progressView() *progressView {
	file, isFile := p.stderr.(*os.File)
	return &progressView{w: p.stderr, live: isFile && term.IsTerminal(int(file.Fd())), now: time.Now}
}

// see shows one line of progress.
func (v *progressView) see(line server.Progress) {
	switch {
	case line.Warning != "":
		fmt.Fprintf(v.w, "warning: %s\n", line.Warning)
	case line.Begin != nil:
		v.begin(line.Begin)
	case line.Resource != nil:
		v.resource(line.Resource)
	case line.Stack != nil:
		v.end(line.Stack)
	}
}

func (v *progressView) begin(stack *server.BeginStack) {
	fmt.Fprintf(v.w, "Stack %s: %s", stack.Name, strings.ToLower(stack.Operation))
	if len(stack.Capabilities) > 0 {
		fmt.Fprintf(v.w, " (granted: %s)", strings.Join(stack.Capabilities, ", "))
	}
	fmt.Fprintln(v.w)
	v.rows, v.drawn = nil, 0
	var recorded, placeholders []string
	for _, change := range stack.Resources {
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
		line := fmt.Sprintf("  %-34s %-40s %-41s %s", event.Status, event.Type, event.LogicalID, event.Reason)
		fmt.Fprintln(v.w, strings.TrimRight(line, " "))
		return
	}
	if event.Type == stackType {
		return
	}
	row := v.row(event)
	row.status, row.reason = event.Status, event.Reason
	if !strings.HasSuffix(event.Status, "IN_PROGRESS") {
		row.took = v.now().Sub(row.began)
	}
	v.draw()
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

// draw writes the table over its former self.
func (v *progressView) draw() {
	var text strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&text, "\x1b[%dA", v.drawn)
	}
	for _, row := range v.rows {
		reason := row.reason
		if !strings.HasSuffix(row.status, "FAILED") {
			reason = ""
		}
		took := ""
		if row.took > 0 {
			took = row.took.Round(time.Millisecond).String()
		}
		fmt.Fprintf(&text, "\x1b[2K  %s %-26s %-36s %-34s %8s %s\n", mark(row.status), row.status, row.logicalID, row.kind, took, reason)
	}
	v.drawn = len(v.rows)
	fmt.Fprint(v.w, text.String())
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
