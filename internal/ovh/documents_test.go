package ovh

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

func TestDocumentsAreOpenAndSayWhatIsOffered(t *testing.T) {
	f := newShop(t)
	f.denied = sms.Errorf(sms.NotAuthenticated, "no keys")
	for _, base := range bases {
		got := f.ask("GET", base+"/shop.json", "")
		doc, err := schema.Parse([]byte(got.body))
		if err != nil || got.status != 200 || got.header.Get("X-Ovh-QueryId") == "" {
			t.Fatalf("%d %v", got.status, err)
		}
		if doc.BasePath != "https://sms.example.org"+base || doc.ResourcePath != "/shop" || doc.APIVersion != "1.0" {
			t.Errorf("the document is of %s, %s, %s", doc.BasePath, doc.ResourcePath, doc.APIVersion)
		}
		if strings.Contains(got.body, `"DELETE","description":"x","apiStatus":{"value":"PRODUCTION","description":"x"},"noAuthentication":false,"parameters":[{"name":"name"`) {
			t.Error("it promises DELETE /shop/{name}/close, which is not offered")
		}
		if s, err := schema.New(doc); err != nil || s.Operation("POST /shop/{name}/orders") == nil {
			t.Errorf("it does not hold together: %v", err)
		}
		for _, path := range []string{base, base + "/", "/" + base + "//"} {
			if got := f.ask("GET", path, ""); !strings.HasPrefix(got.body, `{"basePath":"https://sms.example.org`+base+`","apis":[{"path":"/shop",`) {
				t.Errorf("%s: %s", path, got.body)
			}
		}
	}
	if got := f.ask("HEAD", "/1.0/shop.json", ""); got.status != 200 {
		t.Errorf("HEAD: %d", got.status)
	}
	if got := f.ask("POST", "/1.0/shop.json", ""); got.status != 401 {
		t.Errorf("POST: %d", got.status)
	}
}

func TestEveryGroupHasItsDocument(t *testing.T) {
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	all := newEverything(t)
	for _, doc := range s.Documents {
		served, err := schema.Parse(all.documents["/1.0"+doc.ResourcePath+".json"])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := schema.New(served); err != nil {
			t.Errorf("%s.json: %v", doc.ResourcePath, err)
		}
		if len(served.APIs) != len(doc.APIs) {
			t.Errorf("%s.json has %d paths of %d", doc.ResourcePath, len(served.APIs), len(doc.APIs))
		}
	}
}

// loadOpenAPI checks an OpenAPI document with a library that is not ours.
func loadOpenAPI(t *testing.T, data []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPIDocument(t *testing.T) {
	f := newShop(t)
	doc := loadOpenAPI(t, []byte(f.ask("GET", "/1.0/openapi.json", "").body))
	if doc.Paths.Find("/shop/{name}/close").Delete != nil {
		t.Error("it promises DELETE /shop/{name}/close, which is not offered")
	}
	order := doc.Paths.Find("/shop/{name}/orders").Post
	if got := order.RequestBody.Value.Content.Get("application/json").Schema.Value.Required; len(got) != 1 || got[0] != "message" {
		t.Errorf("required are %v", got)
	}
	if open := doc.Paths.Find("/open").Get; open.Security == nil || len(*open.Security) != 0 {
		t.Error("GET /open asks for keys")
	}
}

// The whole schema, as if everything were offered.
func TestOpenAPIOfTheWholeSchema(t *testing.T) {
	if doc := loadOpenAPI(t, newEverything(t).documents["/1.0/openapi.json"]); doc.Paths.Len() < 100 {
		t.Errorf("%d paths", doc.Paths.Len())
	}
}
