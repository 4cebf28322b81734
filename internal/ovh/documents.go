package ovh

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"ramier/internal/ovh/schema"
)

// index is the list of documents, at the base of the API.
type index struct {
	BasePath string     `json:"basePath"`
	APIs     []indexAPI `json:"apis"`
}

type indexAPI struct {
	Path        string   `json:"path"`
	Description string   `json:"description"`
	Schema      string   `json:"schema"`
	Format      []string `json:"format"`
}

// makeDocuments writes the descriptions of what is offered, for each base path. They never promise more than there is.
func (s *server) makeDocuments() map[string][]byte {
	documents := map[string][]byte{}
	offered := func(op *schema.Operation) bool { return s.routes[op.String()] != nil }
	for _, base := range bases {
		url := strings.TrimSuffix(s.cfg.publicURL(), "/") + base
		list := index{BasePath: url, APIs: []indexAPI{}}
		for _, doc := range s.schema.Documents {
			documents[base+doc.ResourcePath+".json"] = encodeDocument(s.schema.Served(doc, url, offered))
			list.APIs = append(list.APIs, indexAPI{
				Path: doc.ResourcePath, Description: "Operations below " + doc.ResourcePath,
				Schema: "{path}.{format}", Format: []string{"json"},
			})
		}
		documents[base+"/"] = encodeDocument(list)
		documents[base+"/openapi.json"] = encodeDocument(s.openAPI(url))
	}
	return documents
}

func encodeDocument(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // plain data
	}
	return b.Bytes()
}

// sendDocument answers a request for one of the documents, which need no authentication.
func (x *exchange) sendDocument(path string) bool {
	data, found := x.documents[path]
	if !found || x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		return false
	}
	x.send(http.StatusOK, func(e *encoder) { e.out = append(e.out, data...) })
	return true
}
