package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/ovh/schema"
	"ramier/internal/sandbox/sandboxtest"
)

// possessions are the names and ids of what somebody has, by the parameter that asks for one; the longest path that fits counts.
type possessions map[string]string

// of gives the value for a parameter of an operation.
func (p possessions) of(op *schema.Operation, name string) string {
	best := ""
	for key := range p {
		where, param, _ := strings.Cut(key, " ")
		if param == name && strings.HasPrefix(op.Path, where) && len(key) > len(best) {
			best = key
		}
	}
	return p[best]
}

// owned makes one of everything that has a name for a customer, and gives the names.
func owned(t *testing.T, c *ovh.Client, service string) possessions {
	t.Helper()
	post := func(path string, body, answer any) { t.Helper(); check(t, c.Post(path, body, answer)) }
	at := "/sms/" + service
	var job sandboxtest.Report
	post(at+"/jobs", map[string]any{"message": "x", "receivers": []string{handset}, "senderForResponse": true, "differedPeriod": 60}, &job)
	var batch, quote, doc, book, hook, word struct {
		ID      any
		BookKey string
	}
	decode := func(path string, body, answer any) {
		t.Helper()
		var raw json.RawMessage
		post(path, body, &raw)
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		check(t, d.Decode(answer))
	}
	decode(at+"/batches", map[string]any{"message": "x", "to": []string{handset}, "senderForResponse": true, "deferred": "2027-06-01T08:30:00Z"}, &batch)
	decode(at+"/quotes", map[string]any{"message": "x", "receivers": []string{handset}, "senderForResponse": true}, &quote)
	decode("/me/document", map[string]any{"name": "theirs.csv"}, &doc)
	var bookKey string
	post(at+"/phonebooks", map[string]any{"name": "Theirs"}, &bookKey)
	book.BookKey = bookKey
	post(at+"/senders", map[string]any{"sender": "Theirs", "reason": "ours"}, nil)
	post(at+"/users", map[string]any{"login": "theirs", "password": "12345678"}, nil)
	post(at+"/templatesControl", map[string]any{
		"name": "theirs", "activity": "alerting", "message": "Hello #VALUE#", "description": "A text that tells what it is for, long enough",
	}, nil)
	decode(at+"/webhooks", map[string]any{"url": "https://hook.example.org/x"}, &hook)
	decode(at+"/keywords", map[string]any{"word": "theirs", "answer": "yes"}, &word)
	var order struct{ OrderID int64 }
	post("/order/sms/"+service+"/credits", map[string]any{"quantity": 100}, &order)
	post("/me/people", map[string]any{"login": "theirs", "role": "reader"}, nil)
	var client struct{ ClientID string }
	post("/me/api/oauth2/client", map[string]any{"name": "theirs", "description": "x", "flow": "CLIENT_CREDENTIALS"}, &client)
	var me struct{ CredentialID, ApplicationID int64 }
	check(t, c.Get("/auth/currentCredential", &me))
	message := fmt.Sprint(job.IDs[0])
	return possessions{
		"/ serviceName": service, "/ id": message, "/ taskId": message, "/ slotId": "1", "/ sender": "Theirs", "/ login": "theirs", "/ bookKey": book.BookKey,
		"/ contactId": message, "/ name": "theirs", "/ number": handset, "/sms/{serviceName}/batches id": fmt.Sprint(batch.ID),
		"/sms/{serviceName}/quotes id": fmt.Sprint(quote.ID), "/me/document id": fmt.Sprint(doc.ID), "/ documentID": fmt.Sprint(doc.ID), "/ documentId": fmt.Sprint(doc.ID),
		"/sms/{serviceName}/webhooks id": fmt.Sprint(hook.ID), "/sms/{serviceName}/keywords id": fmt.Sprint(word.ID), "/ orderId": fmt.Sprint(order.OrderID),
		"/ orderDetailId": fmt.Sprint(order.OrderID), "/ clientId": client.ClientID, "/ credentialId": fmt.Sprint(me.CredentialID),
		"/ applicationId": fmt.Sprint(me.ApplicationID), "/ smsAccountTarget": service, "/ quoteId": fmt.Sprint(quote.ID), "/ slotID": "1",
		"/ receiversSlotId": "1", "/ batchID": fmt.Sprint(batch.ID), "/ smsOutgoingID": message, "/ country": "FR", "/ quantity": "100",
		"/ receiversDocumentUrl": "https://nowhere.invalid/x", "/ services": service, "/ domain": service, "/ carrier": "simulator",
	}
}

// nobodys are names of the same form that nobody has.
func nobodys(theirs possessions) possessions {
	none := possessions{}
	digits := regexp.MustCompile(`^\d+$`)
	for key, value := range theirs {
		switch {
		case slices.Contains([]string{"/ slotId", "/ slotID", "/ receiversSlotId", "/ country", "/ quantity", "/ number", "/ receiversDocumentUrl"}, key):
			none[key] = value // the service tells them apart
		case digits.MatchString(value):
			none[key] = "987654321"
		case len(value) == 36:
			none[key] = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
		default:
			none[key] = "n" + strings.Repeat("o", len(value)-1)
		}
	}
	return none
}

// A question is an operation with names filled in, and what of its answer repeats them.
type question struct {
	method, path string
	body         any
	names        []string
}

// about puts names into all places of an operation where they can stand: path, query and body. Services of the caller's own are taken
// where mine is given, so that what lies in them is asked for.
func about(t *testing.T, s *schema.Schema, op *schema.Operation, names possessions, mine string) question {
	t.Helper()
	q := question{method: op.HTTPMethod, path: op.Path}
	query, body := url.Values{}, map[string]any{}
	for _, p := range op.Parameters {
		value := names.of(op, p.Name)
		if p.Name == "serviceName" && mine != "" {
			value = mine
		} else if value != "" {
			q.names = append(q.names, value)
		}
		switch {
		case p.ParamType == "path":
			q.path = strings.ReplaceAll(q.path, "{"+p.Name+"}", url.PathEscape(value))
		case p.ParamType == "query" && value != "":
			query.Set(p.Name, value)
		case p.ParamType == "query" && p.Required:
			query.Set(p.Name, fmt.Sprint(filling(t, s, p.DataType, p.Name, names, op, &q)))
		case p.ParamType == "body" && p.Name == "":
			typ, err := s.Type(p.DataType)
			check(t, err)
			for name, prop := range typ.Model.Properties {
				if typ.Model.Writable(name) && (prop.Required || names.of(op, name) != "") {
					body[name] = filling(t, s, prop.Type, name, names, op, &q)
				}
			}
		case p.ParamType == "body" && (p.Required || value != ""):
			body[p.Name] = filling(t, s, p.DataType, p.Name, names, op, &q)
		}
	}
	if len(query) > 0 {
		q.path += "?" + query.Encode()
	}
	if op.HTTPMethod == http.MethodPost || op.HTTPMethod == http.MethodPut {
		q.body = body
	}
	return q
}

// filling gives a value of a type that passes as one: a name where there is one, else something.
func filling(t *testing.T, s *schema.Schema, typ, name string, names possessions, op *schema.Operation, q *question) any {
	t.Helper()
	resolved, err := s.Type(typ)
	check(t, err)
	if v := names.of(op, name); v != "" {
		q.names = append(q.names, v)
		if resolved.Kind == schema.List {
			return []string{v}
		}
		return v
	}
	switch resolved.Kind {
	case schema.List:
		if name == "receivers" || name == "to" {
			return []string{handset}
		}
		return []any{filling(t, s, resolved.Elem.Name, name, names, op, q)}
	case schema.Map:
		return map[string]any{}
	case schema.Enum:
		return resolved.Model.Enum[0]
	case schema.Object:
		all := map[string]any{}
		for prop, p := range resolved.Model.Properties {
			if resolved.Model.Writable(prop) && p.Required {
				all[prop] = filling(t, s, p.Type, prop, names, op, q)
			}
		}
		return all
	}
	return map[string]any{"long": 1, "double": 1, "boolean": true, "datetime": "2027-01-01T00:00:00Z", "date": "2027-01-01", "phoneNumber": handset}[resolved.Name]
}

// everyOperation asks all operations of the schema, as a caller, about what is somebody else's and about what nobody has: the answers
// must be the same, but for the names.
func everyOperation(t *testing.T, c *ovh.Client, mine string, theirs possessions) {
	t.Helper()
	s, err := schema.Load()
	check(t, err)
	none, asked := nobodys(theirs), 0
	for _, op := range s.Operations {
		if op.NoAuthentication || op.String() == "POST /auth/logout" || op.String() == "POST /me/people" || op.String() == "POST /me/reseller/accounts" ||
			op.String() == "POST /me/api/oauth2/client" || op.String() == "POST /order/sms/new" { // they take no names, and each answer is new
			continue
		}
		for _, own := range []string{"", mine} {
			if own != "" && !strings.Contains(op.Path, "{serviceName}") {
				continue
			}
			same := func(a, b question) bool { return fmt.Sprint(a.path, a.body) == fmt.Sprint(b.path, b.body) }
			if same(about(t, s, op, theirs, own), about(t, s, op, none, own)) {
				continue // it names nothing of theirs
			}
			answer := func(names possessions) string {
				q := about(t, s, op, names, own)
				status, text := signedAs(t, c, q.method, q.path, q.body)
				slices.SortFunc(q.names, func(a, b string) int { return len(b) - len(a) })
				for _, name := range slices.Compact(q.names) {
					text = regexp.MustCompile(`(^|[^0-9A-Za-z])`+regexp.QuoteMeta(name)+`($|[^0-9A-Za-z])`).ReplaceAllString(text, "${1}NAME$2")
				}
				if status == http.StatusOK { // what was made differs from what was made before; a refusal is the same byte for byte
					text = volatile.ReplaceAllString(text, "-")
				}
				return fmt.Sprint(status, " ", text)
			}
			if got, want := answer(theirs), answer(none); got != want {
				t.Errorf("%s (own service %q):\n theirs  %s\n nobody's %s", op, own, got, want)
			}
			asked++
		}
	}
	if asked < 150 {
		t.Errorf("only %d operations were asked", asked)
	}
}

// signedAs makes a call with somebody's keys and gives the answer as it came.
func signedAs(t *testing.T, c *ovh.Client, method, path string, body any) (int, string) {
	t.Helper()
	req, err := c.NewRequest(method, path, body, true)
	check(t, err)
	resp, err := c.Do(req)
	check(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	return resp.StatusCode, string(text)
}

// volatile is what differs from one answer to the next, whatever they are about: times, and ids of what was just made.
var volatile = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|"[A-Za-z0-9]{26}"|/[A-Z0-9]{26}|/[0-9a-f]{40}|\b\d{1,9}\b`)

// Whatever is called, what is another account's is as if it were not there.
func TestWhatIsOthersIsLikeNothing(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		theirs := owned(t, p.Other, p.Info.OtherServiceName)
		everyOperation(t, p.OVH, p.Info.SecondServiceName, theirs)
		check(t, p.Other.Get("/sms/"+p.Info.OtherServiceName+"/jobs/"+theirs["/ id"], nil)) // it is still there
	})
}

// So it is for a reseller that asks about its sub-account's, a sub-account about its reseller's and its siblings', and for another
// reseller.
func TestResellersAndSubAccountsAskAboutEverything(t *testing.T) {
	p := sandboxtest.Start(t, "")
	resellerOf(t, p)
	check(t, p.OVH.Put("/me/reseller/prices/fr/100", map[string]any{"credit": 1, "currency": "EUR"}, nil))
	check(t, p.Operator.Put("/operator/accounts/rm67890-ovh", map[string]any{"resells": true}, nil))
	a, b := newTenant(t, p), newTenant(t, p)
	for _, s := range []tenant{a, b} {
		check(t, p.OVH.Post("/me/reseller/accounts/"+s.Account+"/services/"+s.service+"/credits", map[string]any{"credits": 10, "reason": "x"}, nil))
	}
	has := func(c *ovh.Client, account, service string) possessions {
		theirs := owned(t, c, service)
		theirs["/ account"] = account
		return theirs
	}
	reseller, sub := has(p.OVH, "rm12345-ovh", p.Info.ServiceName), has(a.keys, a.Account, a.service)
	t.Run("another reseller", func(t *testing.T) { everyOperation(t, p.Other, p.Info.OtherServiceName, sub) })
	t.Run("a sibling", func(t *testing.T) { everyOperation(t, b.keys, b.service, sub) })
	t.Run("a sub-account", func(t *testing.T) { everyOperation(t, b.keys, b.service, reseller) })
}
