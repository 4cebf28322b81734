package ovh

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ramier/internal/ovh/schema"
)

var update = flag.Bool("update", false, "write docs/coverage.md")

const coverageFile = "../../docs/coverage.md"

// listed is an operation of OVH's API, from a list that was made apart from the schema.
type listed struct{ method, path, group, scope string }

func readListed(t *testing.T) []listed {
	t.Helper()
	data, err := os.ReadFile("testdata/operations.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][4]string
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	list := make([]listed, len(rows))
	for i, row := range rows {
		list[i] = listed{row[0], row[1], row[2], row[3]}
	}
	return list
}

// leftOut gives the operations that are open on purpose, with the reason: lines like "POST /auth/token: the reason".
func leftOut(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/left-out.txt")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			operation, reason, _ := strings.Cut(line, ": ")
			reasons[operation] = reason
		}
	}
	return reasons
}

// TestCoverage compares the routes with all operations of OVH's API, and keeps docs/coverage.md true.
func TestCoverage(t *testing.T) {
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	routes, reasons := (&API{}).routes(), leftOut(t)
	var report strings.Builder
	report.WriteString("# Coverage of the API\n\nMade by `go generate ./internal/ovh`; a test keeps it true.\n\n" +
		"| group | offered | open | operations |\n|---|---|---|---|\n")
	known := map[string]bool{}
	rows := map[string]*strings.Builder{}
	for _, group := range schema.Groups {
		offered, all := 0, 0
		rows[group] = &strings.Builder{}
		for _, op := range operations(t, s, group) {
			all++
			known[op.String()] = true
			state := reasons[op.String()]
			if _, ok := routes[op.String()]; ok {
				offered++
				state = "offered"
				if reasons[op.String()] != "" {
					t.Errorf("%s is offered and yet in the list of what is left out", op)
				}
			}
			fmt.Fprintf(rows[group], "| `%s` | %s | %s |\n", op, op.Description, state)
		}
		t.Logf("%-8s %3d offered, %3d open", group, offered, all-offered)
		fmt.Fprintf(&report, "| %s | %d | %d | %d |\n", group, offered, all-offered, all)
	}
	for _, group := range schema.Groups {
		fmt.Fprintf(&report, "\n## /%s\n\n| operation | what it does | |\n|---|---|---|\n%s", group, rows[group])
	}
	for operation := range reasons {
		if !known[operation] {
			t.Errorf("%s is left out, but there is no such operation", operation)
		}
	}
	checkFile(t, report.String())
}

// operations gives those of a group, after comparing the schema with the list.
func operations(t *testing.T, s *schema.Schema, group string) []*schema.Operation {
	t.Helper()
	want := map[string]bool{}
	for _, op := range readListed(t) {
		want[op.method+" "+op.path] = true
		if op.group == group && s.Operation(op.method+" "+op.path) == nil {
			t.Errorf("%s %s is not in the schema", op.method, op.path)
		}
	}
	var found []*schema.Operation
	for _, op := range s.Operations {
		if op.Group != group {
			continue
		}
		found = append(found, op)
		if op.Extension == want[op.String()] {
			t.Errorf("%s is marked as an extension: %v; in OVH's API: %v", op, op.Extension, want[op.String()])
		}
	}
	return found
}

func checkFile(t *testing.T, want string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(coverageFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(coverageFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(coverageFile)
	if err != nil || string(got) != want {
		t.Errorf("docs/coverage.md is not what is offered: run go generate ./internal/ovh (%v)", err)
	}
}
