// Package arch holds the tests that keep the code in shape: who may import whom, and
// how long files and functions may get. The rules are data, in rules_test.go.
package arch

import (
	"path"
	"slices"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	var unknown []string
	for _, f := range readTree(t) {
		// Tests may set up whatever they need; the compiler refuses circles.
		if f.isTest() {
			continue
		}
		for _, imported := range f.imports {
			own, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			if why := refuse(f.folder(), own); why != "" {
				t.Errorf("%s imports %s: %s", f.name, own, why)
			}
		}
		if !known(f.folder()) && !slices.Contains(unknown, f.folder()) {
			unknown = append(unknown, f.folder())
		}
	}
	for _, folder := range unknown {
		t.Errorf("%s has no rule: add it to the table in internal/arch/rules_test.go, with the own packages it may import", folder)
	}
}

func TestPurePackagesDoNotLookAround(t *testing.T) {
	for _, f := range readTree(t) {
		if f.isTest() || !slices.Contains(pure, f.folder()) {
			continue
		}
		for _, imported := range f.imports {
			if matchesAny(impure, imported) {
				t.Errorf("%s imports %s: %s has no side effects and gets what it needs from its caller", f.name, imported, f.folder())
			}
		}
	}
}

func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		from, to string
		refused  bool
	}{
		{"internal/sms", "internal/gsm", false},
		{"internal/sms", "internal/store", true},
		{"internal/gsm", "internal/phone", true},
		{"internal/phone/plangen", "internal/phone", false},
		{"internal/phone", "internal/phone/plangen", true},
		{"internal/phone/plangen", "internal/store", true},
		{"internal/store", "internal/store/internal/db", false},
		{"internal/store", "internal/store/storetest", true},
		{"internal/store", "internal/store/query", false},
		{"internal/submit", "internal/store/query", true},
		{"internal/carrier/smppc", "internal/smpp", false},
		{"internal/carrier/smppc", "internal/store", true},
		{"internal/carrier/httpc", "internal/dispatch", true},
		{"internal/carrier/carriertest", "internal/dispatch", false},
		{"internal/ovh", "internal/ovh/schema", false},
		{"internal/ovh", "internal/legacy", true},
		{"internal/smppd", "internal/smpp", false},
		{"internal/legacy", "internal/smpp", true},
		{"internal/dispatch", "internal/carrier/smppc", true},
		{"internal/app", "internal/carrier/smppc", false},
		{"internal/app", "internal/cli", true},
		{"internal/app", "internal/store/storetest", true},
		{"internal/app/apptest", "internal/app", false},
		{"internal/app/apptest", "internal/store/storetest", false},
		{"cmd/ramier", "internal/cli", false},
		{"cmd/ramier", "internal/app", true},
	} {
		if why := refuse(c.from, c.to); (why != "") != c.refused {
			t.Errorf("%s imports %s: refused is %t, want %t (%s)", c.from, c.to, why != "", c.refused, why)
		}
	}
}

// refuse says why one of our packages may not import another, or nothing if it may.
// A package without a rule is reported elsewhere.
func refuse(from, to string) string {
	switch {
	case isHelper(from):
		return ""
	case isHelper(to):
		return "test helpers are for tests and other test helpers"
	case isGenerator(to):
		return "generators are run, not imported"
	case isGenerator(from):
		return refuseGenerator(from, to)
	}
	may, ok := rightsOf(from)
	if !ok || below(from, to) || matchesAny(may, to) {
		return ""
	}
	if slices.Contains(may, anything) && !matchesAny(withInternal(commands), to) {
		return ""
	}
	if len(may) == 0 {
		return from + " imports nothing of ours (internal/arch/rules_test.go)"
	}
	return from + " may import only " + strings.Join(may, ", ") + " (internal/arch/rules_test.go)"
}

// refuseGenerator lets a generator see the package it writes for, with all below it.
func refuseGenerator(from, to string) string {
	parent := path.Dir(from)
	if to == parent || below(parent, to) {
		return ""
	}
	return "a generator may import only " + parent + " and what is below it"
}

func known(folder string) bool {
	_, ok := rightsOf(folder)
	return ok || isHelper(folder) || isGenerator(folder)
}

// rightsOf finds the rule of a package. A package inside an internal folder of a known one
// is a part of that one.
func rightsOf(folder string) (may []string, ok bool) {
	whole, _, _ := strings.Cut(folder, "/internal/")
	for _, r := range rules {
		if matches(r.pkg, folder) || matches(r.pkg, whole) {
			return withInternal(r.may), true
		}
	}
	return nil, false
}

func withInternal(names []string) []string {
	var full []string
	for _, name := range names {
		if beside, ok := strings.CutPrefix(name, "/"); ok {
			name = beside
		} else if name != anything {
			name = "internal/" + name
		}
		full = append(full, name)
	}
	return full
}

// isHelper tells whether a package only serves tests: storetest, apptest.
func isHelper(folder string) bool {
	base := path.Base(folder)
	return strings.HasSuffix(base, "test") && base != "test"
}

// isGenerator tells whether a package is run by go generate for the one above it: plangen, gen.
func isGenerator(folder string) bool {
	return strings.HasSuffix(path.Base(folder), "gen") && known(path.Dir(folder))
}

func below(parent, folder string) bool { return strings.HasPrefix(folder, parent+"/") }

// matches knows the wildcard of the go command: "net/..." is net and all below it.
func matches(pattern, folder string) bool {
	parent, wild := strings.CutSuffix(pattern, "/...")
	return parent == folder || wild && below(parent, folder)
}

func matchesAny(patterns []string, folder string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, folder) })
}
