package billing

import (
	"crypto/subtle"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"ramier/internal/sms"
)

// page is the page of an order, plain HTML without script, so that it shows everywhere and can be printed.
var page = template.Must(template.New("order").Funcs(template.FuncMap{"lines": lines, "percent": percent}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Order {{.Order.ID}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem 0;border-bottom:1px solid #ccc}td.n,th.n{text-align:right}
.state{padding:.6rem 1rem;border-radius:.3rem;background:#eee}.sandbox{background:#ffe08a;padding:.4rem 1rem}</style></head><body>
{{if .Sandbox}}<p class="sandbox">This is a sandbox: nothing here is real, and nothing is to be paid.</p>{{end}}
<h1>Order {{.Order.ID}}</h1>
<p>{{lines .Seller}}</p>
<p>For the customer {{.Order.Account}}, made on {{.Order.CreatedAt.Format "2006-01-02 15:04 MST"}}</p>
<p class="state" role="status">{{.State}}</p>
<table><thead><tr><th>What</th><th class="n">Price of one</th><th class="n">Price</th></tr></thead><tbody>
<tr><td>{{.What}}</td><td class="n">{{.Order.Credit}}</td><td class="n">{{.Order.Net}}</td></tr>
{{if .Order.Reduction.Millionths}}<tr><td colspan="2">It includes a reduction by quantity of</td><td class="n">{{.Order.Reduction}}</td></tr>{{end}}
<tr><td colspan="2">{{if .Order.TaxName}}{{.Order.TaxName}} {{percent .Order.TaxRate}}{{else}}No tax{{end}}</td><td class="n">{{.Order.Tax}}</td></tr>
<tr><th colspan="2">To pay</th><th class="n">{{.Order.Total}}</th></tr></tbody></table>
{{if eq .Order.Status "notPaid"}}<h2>How to pay</h2><p>{{lines .PayTo}}</p><p>Name the order: <b>{{.Order.ID}}</b></p>{{end}}
<p><a href="{{.PDF}}">{{if .Order.Invoice}}Invoice {{.Order.Invoice}}{{else}}Order form{{end}} (PDF)</a> · <a href="{{.Terms}}">Terms of sale</a></p>
</body></html>
`))

var termsPage = template.Must(template.New("terms").Funcs(template.FuncMap{"lines": lines}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Terms of sale of credits</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}</style></head>
<body><h1>Terms of sale of credits</h1><p>{{lines .}}</p></body></html>
`))

// lines keeps the line breaks of a text.
func lines(text string) template.HTML {
	escaped := template.HTMLEscapeString(strings.TrimSpace(text))
	return template.HTML(strings.ReplaceAll(escaped, "\n", "<br>\n")) //nolint:gosec // escaped above
}

// ServeHTTP serves the pages of orders, their documents, the terms, and takes notices of payments.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address is the key
	h.Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path == paymentsPath:
		d.payment(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be read.", http.StatusMethodNotAllowed)
	case r.URL.Path == termsPath:
		h.Set("Content-Type", "text/html; charset=utf-8")
		d.show(w, termsPage, d.Config.Terms)
	default:
		d.order(w, r)
	}
}

func (d *Desk) order(w http.ResponseWriter, r *http.Request) {
	id, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, ordersPath), "/")
	key, document, _ := strings.Cut(rest, "/")
	o, ok := d.find(r, id, key)
	by, err := d.SellerOf(r.Context(), o.Reseller)
	switch {
	case ok && err != nil:
		d.Log.Error("cannot read who sells", "order", o.ID, "error", err)
		http.Error(w, "The database does not answer: try again in a moment.", http.StatusServiceUnavailable)
	case !ok:
		http.Error(w, "There is no such order: the address must be whole.", http.StatusNotFound)
	case document == "":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		d.show(w, page, map[string]any{
			"Order": o, "What": describe(o), "Seller": by.Name, "PayTo": by.PayTo, "PDF": d.PDF(o), "Terms": d.TermsURL(o),
			"State": d.state(o), "Sandbox": d.Sandbox,
		})
	case document == "terms" && o.Reseller != 0:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		d.show(w, termsPage, by.Terms)
	case document == "order.pdf" || document == "invoice.pdf" && o.Invoice != 0:
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(d.document(o, by, document == "invoice.pdf"))
	default:
		http.Error(w, "The order has no such document: there is order.pdf, and invoice.pdf once it is paid.", http.StatusNotFound)
	}
}

// find gives the order of a page. Who does not know its key learns nothing of it.
func (d *Desk) find(r *http.Request, id, key string) (sms.CreditOrder, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return sms.CreditOrder{}, false
	}
	o, err := d.Store.CreditOrder(r.Context(), 0, n)
	if err != nil && sms.CodeOf(err) != sms.NoObject {
		d.Log.Error("cannot read an order", "order", n, "error", err)
	}
	return o, err == nil && subtle.ConstantTimeCompare([]byte(o.Key), []byte(key)) == 1
}

// state says in a sentence how an order is doing.
func (d *Desk) state(o sms.CreditOrder) string {
	const day = "2006-01-02"
	switch {
	case o.Status == sms.OrderSettled:
		return "Paid on " + o.SettledAt.Format(day) + ". The credits are on " + o.Service + "."
	case o.Status == sms.OrderCancelled:
		return "Cancelled on " + o.SettledAt.Format(day) + "."
	case d.Now().After(o.ExpiresAt):
		return "It was to be paid until " + o.ExpiresAt.Format(day) + ". Make a new order, or ask the operator."
	}
	return "To be paid until " + o.ExpiresAt.Format(day) + ". The credits arrive when the payment is known."
}

func (d *Desk) show(w http.ResponseWriter, t *template.Template, data any) {
	if err := t.Execute(w, data); err != nil {
		d.Log.Debug("a page was not read to its end", "error", err)
	}
}
