package cli

import (
	"bufio"
	"errors"
	"strings"
	"testing"

	"github.com/ovh/go-ovh/ovh"
	"github.com/spf13/cobra"
)

func TestInitAsksForWhatNoFlagNames(t *testing.T) {
	var out strings.Builder
	a := answers{publicURL: "http://127.0.0.1:8080", account: "boss", country: "FR"}
	q := asker{bufio.NewReader(strings.NewReader("https://sms.example.org\n\npostgres://db/ramier")), &out}
	q.complete(&a, func(flag string) bool { return flag == "account" })
	want := answers{"https://sms.example.org", "boss", "FR", "postgres://db/ramier"}
	if a != want {
		t.Errorf("got %+v, want %+v", a, want)
	}
	if n := strings.Count(out.String(), "]: "); n != 3 {
		t.Errorf("%d questions were asked: %s", n, &out)
	}
}

func TestWhereAServerListensFollowsFromItsPublicAddress(t *testing.T) {
	for _, c := range []struct{ public, listen, local, urls string }{
		{"http://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"http://localhost:9000/1.0/", "localhost:9000", "http://localhost:9000", "http://localhost:9000"},
		{"http://[::1]:9000", "[::1]:9000", "http://[::1]:9000", "http://[::1]:9000"},
		{"http://192.0.2.7", ":80", "http://127.0.0.1:80", "http://192.0.2.7 http://127.0.0.1:80"},
		{"https://sms.example.org/v1", "127.0.0.1:8080", "http://127.0.0.1:8080", "https://sms.example.org http://127.0.0.1:8080"},
	} {
		settings, local, err := (&answers{publicURL: c.public}).settings("/somewhere")
		if err != nil || settings.HTTP.Listen != c.listen || local != c.local || strings.Join(settings.PublicURLs, " ") != c.urls {
			t.Errorf("%s: listens on %s, %v, local %s, %v; want %+v", c.public, settings.HTTP.Listen, settings.PublicURLs, local, err, c)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct {
		use   string
		given int
		fits  bool
	}{
		{"list", 0, true},
		{"list", 1, false},
		{"set NAME", 0, false},
		{"set NAME", 1, true},
		{"set NAME", 2, false},
		{"add [NAME]", 0, true},
		{"add [NAME]", 1, true},
		{"add [NAME]", 2, false},
		{"send TEXT...", 0, false},
		{"send TEXT...", 9, true},
	} {
		err := takes(&cobra.Command{Use: c.use}, make([]string, c.given))
		if (err == nil) != c.fits || (err != nil && !isUsage(err)) {
			t.Errorf("%s with %d arguments: %v", c.use, c.given, err)
		}
	}
}

func TestErrorsAreExplainedInOneLine(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("plain"), "plain"},
		{&ovh.APIError{Code: 400, Class: "Client::BadRequest", Message: "Wrong."}, "Client::BadRequest: Wrong"},
		{
			&ovh.APIError{Code: 400, Class: "Client::BadRequest", Message: "Query out of time", Details: map[string]string{"cause": "your clock is 41 s late"}},
			"Client::BadRequest: Query out of time: your clock is 41 s late",
		},
		{&ovh.APIError{Code: 502, Message: "Bad gateway\n", QueryID: "q1"}, "HTTP status 502: Bad gateway (the server's log knows more of query q1)"},
	} {
		if got := explained(c.err); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestValuesAreShown(t *testing.T) {
	var out strings.Builder
	err := printObject(&out, object{
		"windowSize": 3, "name": "x", "none": nil, "yes": true, "empty": "", "list": []any{"a", object{"method": "GET", "path": "/*"}}, "evil": "a\x1b[2Jb\nc",
	}, "name")
	want := "name x\nempty -\nevil a [2Jb c\nlist a, GET /*\nnone -\nwindow size 3\nyes yes\n"
	squeezed := strings.Join(strings.FieldsFunc(out.String(), func(r rune) bool { return r == ' ' }), " ")
	if err != nil || squeezed != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, squeezed, want)
	}
}

func TestConfIsReadBack(t *testing.T) {
	k := keys{"https://sms.example.org/1.0", "a", "b", "c"}
	sections, err := parseConf(k.conf())
	if err != nil || sections["default"]["endpoint"] != k.endpoint || sections[k.endpoint]["consumer_key"] != "c" {
		t.Errorf("got %v, %v", sections, err)
	}
	for endpoint, want := range map[string]string{"ovh-eu": ovh.OvhEU, "http://x/1.0/": "http://x/1.0", "ftp://x": ""} {
		if got, _ := address(endpoint); got != want {
			t.Errorf("address(%q) = %q, want %q", endpoint, got, want)
		}
	}
}
