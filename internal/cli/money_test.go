package cli_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ovh/go-ovh/ovh"
)

// keysOf reads the keys that token create has saved.
func keysOf(t *testing.T, file, endpoint string) *ovh.Client {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, is, _ := strings.Cut(strings.TrimSpace(line), "=")
		value[name] = is
	}
	c, err := ovh.NewClient(endpoint, value["application_key"], value["application_secret"], value["consumer_key"])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestMoneyOnTheCommandLine sells credits, takes some back and reads the books, as an operator does.
func TestMoneyOnTheCommandLine(t *testing.T) {
	m := newTerminal(t)
	m.ok("init --dir here --yes --country FR", "operator.conf")
	p := m.serve()
	endpoint, op, opFails := p.endpoint, p.ok, p.fails
	op("account add shop --country FR")
	op("service add sms-shop-1 --account shop")
	op("token create --account shop --rule 'GET /*' --rule 'POST /*' --save ovh.conf")
	shop := keysOf(t, "ovh.conf", endpoint)

	op("price set FR 100 0.0333", "0.0333")
	opFails("price set FR 100 NaN", "NaN is no value that can be sent")
	opFails("price set FR 100 1 --currency XXX", `currency = "XXX" is none of`)
	op("price list --country FR", "FR 100 0.0333 EUR")
	op("tax set FR TVA 20")
	opFails("tax set FR TVA 101", "rate = 101 is no percentage")
	op("tax list", "FR TVA 20")

	var order struct {
		OrderID int64
		Prices  struct{ WithTax struct{ Value float64 } }
	}
	if err := shop.Post("/order/sms/sms-shop-1/credits", map[string]any{"quantity": 101}, &order); err != nil {
		t.Fatal(err)
	}
	if got := order.Prices.WithTax.Value; got != 4.03 { // 101 x 0.0333 = 3.3633, to 3.36; its tax 0.672, to 0.67
		t.Errorf("101 credits cost %v", got)
	}
	op("order list --status notPaid", "shop sms-shop-1 101 4.03 EUR notPaid")
	id := strings.Fields(strings.Split(op("order list --status notPaid"), "\n")[1])[0]
	opFails("order refund "+id, "only an order that was paid can be paid back")
	op("order settle " + id + " --reference 'transfer of 23 Nov'")
	opFails("order settle "+id, "is delivered since")
	opFails("order cancel "+id, "is delivered since")
	op("service show sms-shop-1", "credits left 101")
	op("order show "+id, "invoice 1", "reference transfer of 23 Nov", "settled by operator")
	opFails("order refund "+id+" --credits 102", "101 of the 101 credits")
	opFails("order refund "+id+" --card", "No payments by card are set up here")
	op("order refund "+id+" --credits 50", "pay back 1.99 EUR for 50 credits (0 of them owed), credit note 1: http")
	op("service credit sms-shop-1 50 --reason test --take", "has 1 credits")
	opFails("order refund "+id, "1 are left on sms-shop-1")
	op("order refund "+id+" --owe", "pay back 2.04 EUR for 51 credits (50 of them owed), credit note 2")

	month := strings.Fields(strings.Split(op("order list"), "\n")[1])[7][:7]
	op("statement sms-shop-1 "+month, "credits received 101 0 0 0", "closing balance 0 0 0 0")
	op("statement sms-shop-1 "+month+" --csv", "closing balance,0,0,0,0")
	op("statement sms-shop-1 "+month+" --pdf statement.pdf", "wrote statement.pdf")
	if text, err := os.ReadFile("statement.pdf"); err != nil || !strings.HasPrefix(string(text), "%PDF-1.4") {
		t.Errorf("the statement: %v, %.20s", err, text)
	}
	op("service guard sms-shop-1 --countries FR,BE --hour-cap 500", "countries BE, FR", "hour cap 500")
	op("service guard sms-shop-1 --hour-cap 0", "hour cap -")
	op("audit", "0 findings")
	op("operator log --limit 3", "operator done PUT /operator/services/{serviceName}/guards")
	op("operator log --outcome failed --limit 0", "POST /operator/orders/{orderId}/refund", "1 are left on sms-shop-1")
	if code := p.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}
