package ovh

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"ramier/internal/ovh/schema"
)

// canary gives a value for a type, whose texts name the property that they were given for.
func canary(t *testing.T, s *schema.Schema, typ, name string, depth int) any {
	t.Helper()
	resolved, err := s.Type(typ)
	if err != nil || depth > 4 {
		t.Fatal(typ, err)
	}
	switch resolved.Kind {
	case schema.List:
		return []any{canary(t, s, resolved.Elem.Name, name, depth+1)}
	case schema.Map:
		return map[string]any{name: canary(t, s, resolved.Elem.Name, name, depth+1)}
	case schema.Object:
		all := map[string]any{}
		for prop, p := range resolved.Model.Properties {
			all[prop] = canary(t, s, p.Type, prop, depth+1)
		}
		return all
	}
	return "canary of " + name
}

// hidden is every property whose value can open something. It is wider than the rule that it checks: what it finds and is no secret
// stands in harmless.
var (
	hidden   = regexp.MustCompile(`(?i)canary of [a-z]*(pass|secret|token|key|otp|pin|credential|private|auth|code)[a-z]*`)
	harmless = map[string]bool{"canary of countryCode": true, "canary of restrictionCode": true, "canary of credentialId": true, "canary of dataCodingGsm7": true}
)

// No operation writes a secret into the log, whatever its parameters are called.
func TestTheLogKeepsNoSecrets(t *testing.T) {
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	asked, secrets := 0, 0
	for _, op := range s.Operations {
		if op.HTTPMethod == http.MethodGet {
			continue
		}
		var path, query []string
		body := map[string]any{}
		for _, p := range op.Parameters {
			value := canary(t, s, p.DataType, p.Name, 0)
			switch {
			case p.ParamType == "path":
				path = append(path, fmt.Sprint(value))
			case p.ParamType == "query":
				query = append(query, p.Name+"="+fmt.Sprint(value))
			case p.Name == "":
				body, _ = value.(map[string]any)
			default:
				body[p.Name] = value
			}
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		logged := loggedParameters(op, path, strings.Join(query, "&"), text)
		for _, found := range hidden.FindAllString(logged, -1) {
			if !harmless[found] && op.Group == "operator" {
				t.Errorf("%s: %q is in %s", op, found, logged)
			}
		}
		if !json.Valid([]byte(logged)) || !strings.Contains(logged, "canary") && len(op.Parameters) > 0 && !strings.Contains(logged, "(secret)") {
			t.Errorf("%s: %s", op, logged)
		}
		asked++
		secrets += strings.Count(logged, "(secret)")
	}
	if asked < 50 || secrets < 5 {
		t.Errorf("%d operations with %d secrets", asked, secrets)
	}
}

func TestTheLogHasNoRoomForFloods(t *testing.T) {
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	op := s.Operation("POST /operator/services/{serviceName}/optOuts")
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	long := `{"optOuts":[` + strings.Repeat(`{"number":"+33600000000"},`, 1000) + `{}]}`
	for _, body := range []string{`{"a":` + deep + `}`, long, strings.Repeat("x", 1<<20), `{"a":"` + strings.Repeat("y", 60<<10) + `"}`, "\xff\x00", `{"\u0000":"\u0000"}`} {
		got := loggedParameters(op, []string{"sms-1"}, "a=%zz&b=\xff", []byte(body))
		if len(got) > maxLogged || !json.Valid([]byte(got)) || strings.Contains(got, `\u0000`) || !strings.Contains(got, "sms-1") && !strings.Contains(got, "bytes") {
			t.Errorf("%d bytes: %.200s", len(got), got)
		}
	}
}

func TestOperatorsReadTheLog(t *testing.T) {
	p := newPlatform(t)
	p.do("POST", "/accounts", `{"name":"shop","country":"FR"}`, "")
	p.do("PUT", "/accounts/shop", `{"description":"A shop"}`, "")
	if status, _ := p.ask("PUT", "/accounts/nobody", `{"description":"x"}`); status != 404 {
		t.Error(status)
	}
	if status, _ := p.ask("POST", "/carriers", `{"name":"c","password":"very secret","host":7}`); status != 400 {
		t.Error(status)
	}
	p.do("GET", "/accounts", "", "")
	p.do("GET", "/log", "", `[
		{"operation":"POST /operator/carriers","outcome":"failed","status":400,"result":"invalid","account":"boss"},
		{"operation":"PUT /operator/accounts/{account}","outcome":"failed","status":404,"path":"/1.0/operator/accounts/nobody"},
		{"operation":"PUT /operator/accounts/{account}","outcome":"done","parameters":"{\"account\":\"shop\",\"description\":\"A shop\"}"},
		{"operation":"POST /operator/accounts","outcome":"done","status":200,"result":"name = shop","person":null,"credentialId":null}]`)
	p.do("GET", "/log?outcome=done&limit=1", "", `[{"path":"/1.0/operator/accounts/shop"}]`)
	_, first := p.ask("GET", "/log?outcome=done&limit=1", "")
	var entries []struct{ ID int64 }
	if err := json.Unmarshal([]byte(first), &entries); err != nil || len(entries) != 1 {
		t.Fatal(first)
	}
	p.do("GET", fmt.Sprintf("/log?outcome=done&before=%d", entries[0].ID), "", `[{"operation":"POST /operator/accounts"}]`)
	p.do("GET", "/log?account=shop", "", `[]`)
	p.do("GET", "/log?since=2026-11-24T00:00:00Z", "", `[]`)
	if status, answer := p.ask("GET", "/log", ""); status != 200 || strings.Contains(answer, "very secret") {
		t.Error(answer)
	}
	for _, bad := range []string{"limit=0", "limit=1001", "outcome=any", "since=soon"} {
		if status, _ := p.ask("GET", "/log?"+bad, ""); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	for _, method := range []string{"PUT", "POST", "DELETE"} {
		if status, _ := p.ask(method, "/log", "{}"); status != 404 {
			t.Errorf("%s: %d", method, status)
		}
	}
}
