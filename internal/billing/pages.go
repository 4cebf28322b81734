package billing

import (
	"crypto/subtle"
	"fmt"
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
.state{padding:.6rem 1rem;border-radius:.3rem;background:#eee}button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.3rem;background:#1a5fb4;color:#fff;cursor:pointer}.sandbox{background:#ffe08a;padding:.4rem 1rem}</style></head><body>
{{if .Sandbox}}<p class="sandbox">This is a sandbox: nothing here is real, and nothing is to be paid.</p>{{end}}
<h1>Order {{.Order.ID}}</h1>
<p>{{lines .Seller}}</p>
<p>For the customer {{.Order.Account}}{{with .Order.Buyer}}:<br>
{{lines .}}</p><p>Made{{else}}, made{{end}} on {{.Order.CreatedAt.Format "2006-01-02 15:04 MST"}}</p>
<p class="state" role="status">{{.State}}</p>
<table><thead><tr><th>What</th><th class="n">Price of one</th><th class="n">Price</th></tr></thead><tbody>
<tr><td>{{.What}}</td><td class="n">{{.Order.Credit}}</td><td class="n">{{.Order.Net}}</td></tr>
{{if .Order.Reduction.Millionths}}<tr><td colspan="2">It includes a reduction by quantity of</td><td class="n">{{.Order.Reduction}}</td></tr>{{end}}
<tr><td colspan="2">{{if .Order.TaxName}}{{.Order.TaxName}} {{percent .Order.TaxRate}}{{else}}No tax{{end}}</td><td class="n">{{.Order.Tax}}</td></tr>
<tr><th colspan="2">To pay</th><th class="n">{{.Order.Total}}</th></tr></tbody></table>
{{range .Refunds}}<p>Paid back on {{.At.Format "2006-01-02"}}: {{.Total}} for {{.Quantity}} credits (<a href="{{$.URL}}/credit-{{.Number}}.pdf">credit note {{.Number}}</a>)</p>
{{end}}{{if .ByCard}}<form method="post" action="{{.URL}}/pay"><button>Pay {{.Order.Total}} by card</button></form>
{{end}}{{if eq .Order.Status "notPaid"}}<h2>{{if .ByCard}}Or otherwise{{else}}How to pay{{end}}</h2><p>{{lines .PayTo}}</p><p>Name the order: <b>{{.Order.ID}}</b></p>{{end}}
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
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action "+d.formTargets())
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address is the key
	h.Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path == paymentsPath:
		d.payment(w, r)
	case r.URL.Path == stripePath:
		d.takeStripe(w, r)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/pay"):
		d.order(w, r)
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
	if ok && err == nil && o.Buyer == "" { // it is kept from the payment on
		var p sms.Profile
		p, err = d.Store.Profile(r.Context(), o.AccountID)
		o.Buyer = p.Buyer(o.Country)
	}
	switch {
	case ok && err != nil:
		d.Log.Error("cannot read who sells and buys", "order", o.ID, "error", err)
		http.Error(w, "The database does not answer: try again in a moment.", http.StatusServiceUnavailable)
	case !ok:
		http.Error(w, "There is no such order: the address must be whole.", http.StatusNotFound)
	case r.Method == http.MethodPost:
		d.pay(w, r, o, document)
	case document == "":
		d.showOrder(w, r, o, by)
	case strings.HasPrefix(document, "credit-"):
		d.creditNote(w, r, o, by, document)
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

func (d *Desk) showOrder(w http.ResponseWriter, r *http.Request, o sms.CreditOrder, by Seller) {
	refunds, err := d.refunds(r.Context(), o.ID)
	if err != nil {
		http.Error(w, messageOf(err), statusOf(err))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	d.show(w, page, map[string]any{
		"Order": o, "What": describe(o), "Seller": by.Name, "PayTo": by.PayTo, "PDF": d.PDF(o), "Terms": d.TermsURL(o), "URL": d.URL(o),
		"State": d.state(o, r.URL.Query().Has("paid")), "Sandbox": d.Sandbox, "ByCard": d.byCard(o), "Refunds": refunds,
	})
}

// pay leads to the page where an order is paid by card.
func (d *Desk) pay(w http.ResponseWriter, r *http.Request, o sms.CreditOrder, document string) {
	if document != "pay" || !d.byCard(o) {
		http.Error(w, "The order "+strconv.FormatInt(o.ID, 10)+" cannot be paid by card: see its page.", http.StatusConflict)
		return
	}
	address, err := d.checkout(r.Context(), o)
	if err != nil {
		d.Log.Error("a payment by card cannot begin", "order", o.ID, "error", err)
		http.Error(w, "The payment by card cannot begin: "+messageOf(err)+". Nothing was paid; try again later, or pay otherwise.", statusOf(err))
		return
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// formTargets is where forms of the pages may lead, in words of Content-Security-Policy: to us, and from there to Stripe.
func (d *Desk) formTargets() string {
	switch {
	case d.Stripe.Key == "":
		return "'none'"
	case strings.HasPrefix(d.stripe.BaseURL, "http://"):
		return "'self' https: http:" // a test's
	}
	return "'self' https:"
}

func (d *Desk) creditNote(w http.ResponseWriter, r *http.Request, o sms.CreditOrder, by Seller, document string) {
	refunds, err := d.refunds(r.Context(), o.ID)
	if err != nil {
		http.Error(w, messageOf(err), statusOf(err))
		return
	}
	for _, refund := range refunds {
		if document == fmt.Sprintf("credit-%d.pdf", refund.Number) {
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = w.Write(d.creditDocument(o, by, refund))
			return
		}
	}
	http.Error(w, "The order has no such credit note.", http.StatusNotFound)
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
	return d.local(o), err == nil && subtle.ConstantTimeCompare([]byte(o.Key), []byte(key)) == 1
}

// state says in a sentence how an order is doing.
func (d *Desk) state(o sms.CreditOrder, paid bool) string {
	const day = "2006-01-02"
	switch {
	case o.Status == sms.OrderSettled:
		return "Paid on " + o.SettledAt.Format(day) + ". The credits are on " + o.Service + "."
	case o.Status == sms.OrderCancelled:
		return "Cancelled on " + o.SettledAt.Format(day) + "."
	case paid:
		return "Thank you. The credits arrive when the payment is confirmed, mostly within a minute: load this page again."
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
