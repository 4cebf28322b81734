package ovh

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const orders = "/1.0/shop/a/orders"

func TestParametersAreRefusedWithCauseAndCure(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body string
		want                     []string // all of them in the message or the details
	}{
		{"unknown", "POST", orders, `{"message":"x","recipients":[],"b":{}}`, []string{"Received not described parameters: (recipients, b) while calling creation handler", "POST /shop/{name}/orders takes, in the JSON body: message, count"}},
		{"unknown before missing", "POST", orders, `{"x":1}`, []string{"Received not described parameters: (x)"}},
		{"unknown for an action", "POST", "/1.0/shop/a/close", `{"x":1}`, []string{"(x) while calling close", "takes no parameters"}},
		{"unknown in a query", "GET", orders + "?x=1&tag=a", "", []string{"(x) while calling GET /shop/{name}/orders", "in the query: since.from, tag"}},
		{"a POST's in the query", "POST", orders + "?message=x", `{}`, []string{"(message)", "in the JSON body"}},
		{"a GET's in a body", "GET", orders, `{"tag":"x"}`, []string{"(tag)", "in the query"}},
		{"unknown in an object", "PUT", "/1.0/shop/a", `{"best":{"what":"x","foo":1}}`, []string{"(best.foo)", "PUT /shop/{name} takes, in the JSON body: the properties of shop.Shop"}},
		{"missing", "POST", orders, `{}`, []string{"Missing required parameter: message", "message (string): the text"}},
		{"missing as null", "POST", orders, `{"message":null}`, []string{"Missing required parameter: message"}},
		{"missing without a body", "POST", orders, ``, []string{"Missing required parameter: message"}},
		{"missing in a list", "POST", orders, `{"message":"x","lines":[{"what":"a"},{"many":1}]}`, []string{"Missing required parameter: lines[1].what"}},
		{"missing body", "PUT", "/1.0/shop/a", ``, []string{"Missing required parameter: body"}},
		{"long", "POST", orders, `{"message":"x","count":"two days"}`, []string{"Body parameter count isn't formated correctly: it is 'two days' and must be a whole number such as 42 (type long)"}},
		{"long, fraction", "POST", orders, `{"message":"x","count":1.5}`, []string{"count", "1.5", "whole number"}},
		{"long, too large", "POST", orders, `{"message":"x","count":9223372036854775808}`, []string{"count", "9223372036854775808"}},
		{"long, object", "POST", orders, `{"message":"x","count":{"a":[1]}}`, []string{"count", `{"a":[1]}`, "whole number"}},
		{"double", "POST", orders, `{"message":"x","weight":"NaN"}`, []string{"weight", "NaN", "a number such as 1.5"}},
		{"double, hexadecimal", "POST", orders, `{"message":"x","weight":"0x10"}`, []string{"weight"}},
		{"boolean", "POST", orders, `{"message":"x","gift":"yes"}`, []string{"gift", "yes", "true or false"}},
		{"boolean, number", "POST", orders, `{"message":"x","gift":2}`, []string{"gift", "2", "true or false"}},
		{"text, number", "POST", orders, `{"message":123}`, []string{"message", "123", "in quotes"}},
		{"text, boolean", "POST", orders, `{"message":true}`, []string{"message", "true", "in quotes"}},
		{"datetime", "POST", orders, `{"message":"x","at":"tomorrow"}`, []string{"at", "tomorrow", "2026-01-31T08:30:00+01:00"}},
		{"date", "POST", orders, `{"message":"x","day":"2026-02-30"}`, []string{"day", "2026-02-30"}},
		{"uuid", "POST", orders, `{"message":"x","ref":"12"}`, []string{"ref", "UUID"}},
		{"ip", "POST", orders, `{"message":"x","from":"192.0.2"}`, []string{"from", "IP address"}},
		{"block", "POST", orders, `{"message":"x","block":"192.0.2.0/33"}`, []string{"block", "address block"}},
		{"duration", "POST", orders, `{"message":"x","wait":"1 month"}`, []string{"wait", "P1M"}},
		{"duration, empty", "POST", orders, `{"message":"x","wait":"PT"}`, []string{"wait", "P1M"}},
		{"a password is not repeated", "POST", orders, `{"message":"x","secret":12345678}`, []string{"secret isn't formated correctly: it is '…'"}},
		{"enum", "POST", orders, `{"message":"x","color":"green"}`, []string{"color", "green", "one of blue, red"}},
		{"enum, number", "POST", orders, `{"message":"x","size":15}`, []string{"size", "15", "one of 10, 20"}},
		{"one value for a list", "POST", orders, `{"message":"x","items":"a"}`, []string{"items", "square brackets"}},
		{"in a list", "POST", orders, `{"message":"x","items":["a",null]}`, []string{"items[1]", "null"}},
		{"in a list of numbers", "POST", orders, `{"message":"x","ids":[1,"b"]}`, []string{"ids[1]", "b", "whole number"}},
		{"map", "POST", orders, `{"message":"x","labels":{"a":1}}`, []string{"labels.a", "1", "in quotes"}},
		{"U+0000", "POST", orders, `{"message":"a\u0000b"}`, []string{"Body parameter message", "without the character U+0000"}},
		{"U+0000 in a list", "POST", orders, `{"message":"x","items":["a","\u0000"]}`, []string{"items[1]", "U+0000"}},
		{"U+0000 as a name", "POST", orders, `{"message":"x","labels":{"\u0000":"a"}}`, []string{"labels", "U+0000"}},
		{"U+0000 in a path", "POST", "/1.0/shop/a%00b/close", ``, []string{"Path parameter name", "U+0000"}},
		{"U+0000 in a query", "GET", orders + "?tag=%00", ``, []string{"Query parameter tag", "U+0000"}},
		{"OVH's own words", "POST", orders, `{"message":"x","accessRules":"GET /sms"}`, []string{"Body parameter accessRules isn't formated correctly", "square brackets"}},
		{"path", "GET", orders + "/abc", "", []string{"Path parameter id isn't formated correctly: it is 'abc'"}},
		{"query", "GET", orders + "?count=", "", []string{"Query parameter count isn't formated correctly", "whole number"}},
		{"query, list", "GET", orders + "?ids=1&ids=x", "", []string{"Query parameter ids", "x"}},
		{"query, JSON", "GET", "/1.0/shop?tags=%7B%22a%22:1%7D", "", []string{"Query parameter tags.a", "square brackets"}},
		{"query, not JSON", "GET", "/1.0/shop?tags=x", "", []string{"Query parameter tags", "an object in braces"}},
		{"query, escape", "GET", orders + "?tag=%zz", "", []string{"percent-encoded"}},
		{"not JSON", "POST", orders, `message=x&b=1`, []string{"not the JSON object", "found 'm' at byte 0"}},
		{"half", "POST", orders, `{"message":"x"`, []string{"found the end at byte 14"}},
		{"rest", "POST", orders, `{"message":"x"} {}`, []string{"after the end of the JSON object at byte 16"}},
		{"array", "POST", orders, `[1]`, []string{"not an array"}},
		{"comma", "POST", orders, `{"message":"x",}`, []string{"name in quotes"}},
		{"deep", "POST", orders, `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, []string{"nested deeper than 32"}},
		{"long list", "POST", orders, `{"message":"x","items":[` + strings.Repeat(`"",`, maxElements) + `""]}`, []string{"a list has more than 250000 values"}},
		{"long list of numbers", "POST", orders, `{"message":"x","ids":[` + strings.Repeat(`1,`, maxElements) + `1]}`, []string{"a list has more than 250000 values"}},
		{"line break in a text", "POST", orders, "{\"message\":\"a\nb\"}", []string{"control character"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newShop(t).ask(c.method, c.path, c.body)
			if got.status != 400 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			body := got.refusal(t)
			all := body.Message
			for _, detail := range body.Details {
				all += "\n" + detail
			}
			for _, want := range c.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not in:\n%s", want, all)
				}
			}
			if body.Class != "Client::BadRequest" || body.HTTPCode != "400 Bad Request" {
				t.Errorf("class %q, httpCode %q", body.Class, body.HTTPCode)
			}
		})
	}
}

func TestAccessRulesAreRefusedInOVHsExactWords(t *testing.T) {
	got := newShop(t).ask("POST", orders, `{"message":"x","accessRules":[{"what":1}]}`).refusal(t)
	if got.Message != "Body parameter accessRules isn't formated correctly" || !strings.Contains(got.Details["cause"], "accessRules[0].what") {
		t.Errorf("got %+v", got)
	}
}

func TestParametersArrive(t *testing.T) {
	zone := time.FixedZone("", 3600)
	for _, c := range []struct {
		name, method, path, body string
		want                     any
	}{
		{"all", "POST", orders, ` {"message":"caf\u00e9 \ud83d\ude00 \"x\"\n","count":2880,"weight":1.5e-3,"gift":true,"at":"2026-01-31T08:30:00+01:00","day":"2026-01-31",` +
			`"ref":"6BA7B810-9dad-41d1-80b4-00c04fd430c8","from":"::1","block":"10.0.0.0/8","wait":"P1M","secret":"s","color":"red","size":20,` +
			`"items":["a","b"],"ids":[1,2],"lines":[{"what":"tea","many":null}],"labels":{"k":"v"}} `, shopOrderIn{
			Name: "a", Message: "café 😀 \"x\"\n", Count: new(int64(2880)), Weight: new(0.0015), Gift: new(true),
			At: &datetime{time.Date(2026, 1, 31, 8, 30, 0, 0, zone)}, Day: new("2026-01-31"), Ref: new("6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
			From: new("::1"), Block: new("10.0.0.0/8"), Wait: new("P1M"), Secret: new("s"), Color: new("red"), Size: new(int64(20)),
			Items: []string{"a", "b"}, IDs: []int64{1, 2}, Lines: []shopLineBody{{What: "tea"}}, Labels: map[string]string{"k": "v"},
		}},
		{
			"numbers and booleans in quotes", "POST", orders, `{"message":"","count":"2880","weight":"2","gift":"1","size":"10"}`,
			shopOrderIn{Name: "a", Count: new(int64(2880)), Weight: new(2.0), Gift: new(true), Size: new(int64(10))},
		},
		{"whole numbers with a point", "POST", orders, `{"message":"","count":2880.0,"gift":0}`, shopOrderIn{Name: "a", Count: new(int64(2880)), Gift: new(false)}},
		{"nothing lost in large numbers", "POST", orders, `{"message":"","count":9223372036854775807}`, shopOrderIn{Name: "a", Count: new(int64(math.MaxInt64))}},
		{"null is absent", "POST", orders, `{"message":"m","count":null,"items":null,"labels":null,"color":null}`, shopOrderIn{Name: "a", Message: "m"}},
		{"an empty list is there", "POST", orders, `{"message":"m","items":[]}`, shopOrderIn{Name: "a", Message: "m", Items: []string{}}},
		{"the last of equal names counts", "POST", orders, `{"message":"m","message":"n","count":1,"count":null,"items":["a"],"items":["b"]}`, shopOrderIn{Name: "a", Message: "n", Items: []string{"b"}}},
		{"other spellings", "POST", orders, `{"message":"m","lines":[{"What":"x"}]}`, shopOrderIn{Name: "a", Message: "m", Lines: []shopLineBody{{What: "x"}}}},
		{"byte order mark", "POST", orders, "\ufeff{\"message\":\"m\"}", shopOrderIn{Name: "a", Message: "m"}},
		{"ISO-8859-1", "POST", orders, "{\"message\":\"caf\xe9 \xa4\"}", shopOrderIn{Name: "a", Message: "café ¤"}},
		{"half a surrogate pair", "POST", orders, `{"message":"\ud83dx\ude00"}`, shopOrderIn{Name: "a", Message: "\ufffdx\ufffd"}},
		{"encoded names", "POST", "/1.0/shop/My%20Shop%2FA/close", ``, shopName{"My Shop/A"}},
		{"plus in a path", "POST", "/1.0/shop/+33600000001/close", ``, shopName{"+33600000001"}},
		{"empty array of PHP", "POST", "/1.0/shop/a/close", `[ ]`, shopName{"a"}},
		{"null of others", "POST", "/1.0/shop/a/close", `null`, shopName{"a"}},
		{"query", "GET", orders + "?since.from=2026-01-31T08:30:00%2B01:00&tag=a+b&count=3&gift=True&ids=1&ids=2", "", shopOrdersIn{
			Name: "a", Since: &datetime{time.Date(2026, 1, 31, 8, 30, 0, 0, zone)}, Tag: new("a b"), Count: new(int64(3)), Gift: new(true), IDs: []int64{1, 2},
		}},
		{"plus that was not encoded", "GET", orders + "?since.from=2026-01-31T08:30:00+01:00", "", shopOrdersIn{Name: "a", Since: &datetime{time.Date(2026, 1, 31, 8, 30, 0, 0, zone)}}},
		{"without offset", "GET", orders + "?since.from=20260731T08:30:00", "", shopOrdersIn{Name: "a", Since: &datetime{time.Date(2026, 7, 31, 6, 30, 0, 0, time.UTC)}}},
		{"null of Python", "GET", orders + "?tag=null&count=null&ids=%5B3,4%5D&", "", shopOrdersIn{Name: "a", IDs: []int64{3, 4}}},
		{"empty text", "GET", orders + "?tag=", "", shopOrdersIn{Name: "a", Tag: new("")}},
		{"JSON in a query", "GET", `/1.0/shop?tags=%7B%22env%22%3A%5B%7B%22what%22%3A%22x%22%7D%5D%7D`, "", shopListIn{map[string][]shopLineBody{"env": {{What: "x"}}}}},
		{"DELETE by query", "DELETE", orders + "/3?force=true&note=x", "", shopDeleteIn{"a", 3, true, new("x")}},
		{"DELETE by body", "DELETE", orders + "/3", `{"force":true,"note":"x"}`, shopDeleteIn{"a", 3, true, new("x")}},
		{"PUT of a part", "PUT", "/1.0/shop/a", `{"title":"T","credits":"whatever","name":[1]}`, shopPutIn{"a", shopShopBody{Title: new("T")}}},
		{"PUT of null", "PUT", "/1.0/shop/a", `{"callBack":null,"title":null,"best":null}`, shopPutIn{"a", shopShopBody{CallBack: nullable[string]{Set: true}, Best: nullable[shopLineBody]{Set: true}}}},
		{"PUT of values", "PUT", "/1.0/shop/a", `{"callBack":"http://x","best":{"what":"b","many":2}}`, shopPutIn{"a", shopShopBody{
			CallBack: nullable[string]{true, new("http://x")}, Best: nullable[shopLineBody]{true, &shopLineBody{"b", new(int64(2))}},
		}}},
		{"PUT of nothing", "PUT", "/1.0/shop/a", `{}`, shopPutIn{Name: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newShop(t)
			got := f.ask(c.method, c.path, c.body)
			if got.status != 200 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			if have, want := show(t, f.last), show(t, c.want); have != want {
				t.Errorf("got  %s\nwant %s", have, want)
			}
		})
	}
}

// show makes values comparable and readable.
func show(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestHeadersAreParametersToo(t *testing.T) {
	f := newShop(t)
	f.ask("POST", orders, `{"message":"x"}`, "Idempotency-Key", "k1", "Content-Type", "text/plain")
	if in, _ := f.last.(shopOrderIn); in.Key == nil || *in.Key != "k1" {
		t.Errorf("got %+v", in)
	}
	if f.call.Caller.QueryID != f.call.QueryID || string(f.call.Body) != `{"message":"x"}` {
		t.Errorf("the call knows %+v", f.call)
	}
}

func TestWholeNumbersKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		if got, ok := parseLong(strconv.FormatInt(n, 10)); !ok || got != n {
			t.Fatalf("%d became %d, %v", n, got, ok)
		}
		f := rapid.Float64().Draw(t, "f")
		got, ok := parseLong(strconv.FormatFloat(f, 'f', -1, 64))
		if whole := f == math.Trunc(f) && math.Abs(f) <= 1<<53; whole && (!ok || float64(got) != f) {
			t.Fatalf("%v became %d, %v", f, got, ok)
		} else if ok && float64(got) != f {
			t.Fatalf("%v was taken for %d", f, got)
		}
	})
}

func TestNumbersFollowJSONsGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-+]?[0-9.eE+-]{0,8}`).Draw(t, "text")
		var n json.Number
		want := json.Unmarshal([]byte(text), &n) == nil && text != ""
		if got := isNumber(text); got != want {
			t.Fatalf("isNumber(%q) = %v", text, got)
		}
	})
}

func TestMomentsAreReadInEveryForm(t *testing.T) {
	want := time.Date(2026, 7, 31, 6, 30, 0, 0, time.UTC)
	for _, text := range []string{
		"2026-07-31T08:30:00+02:00", "2026-07-31T08:30:00 02:00", "2026-07-31T06:30:00Z", "2026-07-31T08:30:00.123+02:00",
		"2026-07-31T08:30:00", "20260731T08:30:00", "2026-07-31T08:30", "2026-07-31 08:30:00", "2026-07-31T08:30:00+0200",
	} {
		if got, ok := parseDatetime(text, paris); !ok || !got.Truncate(time.Second).Equal(want) {
			t.Errorf("%q is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "now", "2026-13-01", "0000-01-01T00:00:00Z", "1769900000"} {
		if got, ok := parseDatetime(text, paris); ok {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
}
