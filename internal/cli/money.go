package cli

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

const (
	pricesPath = "/operator/prices"
	taxesPath  = "/operator/taxes"
	ordersPath = "/operator/orders"
)

func (p *program) priceCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "price", path: pricesPath, columns: []string{"country", "quantity", "credit", "currency"},
		filters: []property{{name: "country", about: "only the prices of this country"}},
	}
	set := &cobra.Command{
		Use: "set COUNTRY QUANTITY AMOUNT", Short: "Set what a credit costs customers of a country who order at least a quantity, without tax", Args: takes,
	}
	currency := set.Flags().String("currency", "EUR", "currency of the amount")
	set.RunE = func(c *cobra.Command, args []string) error {
		amount, err := strconv.ParseFloat(args[2], 64)
		if err != nil {
			return usage("%q is not an amount: give one like 0.055", args[2])
		}
		return a.do(c, http.MethodPut, priceAt(args), object{"credit": amount, "currency": *currency},
			fmt.Sprintf("from %s credits on, one costs customers of %s %s %s", args[1], args[0], args[2], *currency))
	}
	remove := &cobra.Command{
		Use: "remove COUNTRY QUANTITY", Short: "Take a price out of the list", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			return a.do(c, http.MethodDelete, priceAt(args), nil, "removed the price of "+args[0]+" from "+args[1]+" credits on")
		},
	}
	return a.flags(p.group("price", "Manage what credits cost, by country of the customer and quantity", r.list(), set, remove))
}

func priceAt(args []string) string {
	return pricesPath + "/" + url.PathEscape(args[0]) + "/" + url.PathEscape(args[1])
}

func (p *program) taxCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{access: a, noun: "tax", path: taxesPath, argument: "COUNTRY", id: "country", columns: []string{"country", "name", "rate"}}
	set := &cobra.Command{
		Use: "set COUNTRY NAME PERCENT", Short: "Set the tax on prices for customers of a country", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			rate, err := strconv.ParseFloat(args[2], 64)
			if err != nil {
				return usage("%q is not a percentage: give one like 20 or 5.5", args[2])
			}
			return a.do(c, http.MethodPut, r.at(args[0]), object{"name": args[1], "rate": rate},
				fmt.Sprintf("customers of %s pay %s %% %s", args[0], args[2], args[1]))
		},
	}
	return a.flags(p.group("tax", "Manage the tax on prices, by country of the customer", r.list(), set, r.remove()))
}

func (p *program) orderCommand() *cobra.Command {
	a := &access{program: p}
	r := resource{
		access: a, noun: "order", path: ordersPath, argument: "ID", id: "orderId",
		columns: []string{"orderId", "account", "serviceName", "credits", "withTax", "currency", "status", "creation", "invoice"},
		filters: []property{
			{name: "status", about: "notPaid, delivered or cancelled"},
			{name: "account", about: "only those of this customer"},
		},
	}
	settle := &cobra.Command{Use: "settle ID", Short: "Say that an order is paid: its credits arrive", Args: takes}
	reference := settle.Flags().String("reference", "", "of the payment, as on the bank statement; it is shown on the invoice")
	settle.RunE = func(c *cobra.Command, args []string) error {
		api, err := r.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), http.MethodPost, r.at(args[0])+"/settle", object{"reference": *reference}, &o); err != nil {
			return err
		}
		_, err = fmt.Fprintf(r.out, "settled order %s: %v credits are on %v, invoice %v\n", args[0], o["credits"], o["serviceName"], o["invoice"])
		return err
	}
	cancel := &cobra.Command{
		Use: "cancel ID", Short: "End an order that was not paid", Args: takes,
		RunE: func(c *cobra.Command, args []string) error {
			return a.do(c, http.MethodPost, r.at(args[0])+"/cancel", nil, "cancelled order "+args[0])
		},
	}
	return a.flags(p.group("order", "See and settle the orders of credits", r.list(), r.show(), settle, cancel, r.refund()))
}

// refund pays an order back, or part of it.
func (r resource) refund() *cobra.Command {
	c := &cobra.Command{
		Use: "refund ID", Short: "Take credits of a paid order back and make a credit note", Args: takes,
		Long: "Takes credits of a paid order back and makes a credit note. With --card the money goes back to the card over Stripe; else it is paid back by you,\n" +
			"by the way it came. A refund in Stripe's dashboard does all of this by itself.",
	}
	flags := []property{
		{name: "credits", about: "credits to take back; all that are left of the order if not given", kind: 'd'},
		{name: "reference", about: "of the payment; shown on the credit note"},
		{name: "card", about: "the money goes back to the card that paid, over Stripe", kind: 'b'},
		{name: "owe", about: "credits that are spent already are owed, and taken from the next order that is paid", kind: 'b'},
	}
	addFlags(c.Flags(), flags)
	c.RunE = func(c *cobra.Command, args []string) error {
		api, err := r.open()
		if err != nil {
			return err
		}
		var o object
		if err := api.call(c.Context(), http.MethodPost, r.at(args[0])+"/refund", given(c.Flags(), flags), &o); err != nil {
			return err
		}
		if state, ok := o["card"].(string); ok {
			_, err = fmt.Fprintf(r.out, "refunded order %s: %s %v to the card (%s %v%v) for %v credits (%v of them owed), credit note %v: %v\n", args[0], euros(o["withTax"]),
				o["currency"], state, cmp.Or(o["cardRefund"], any("")), cmp.Or(o["cardError"], any("")), o["credits"], o["owed"], o["number"], o["url"])
			return err
		}
		_, err = fmt.Fprintf(r.out, "refunded order %s: pay back %s %v for %v credits (%v of them owed), credit note %v: %v\n", args[0], euros(o["withTax"]),
			o["currency"], o["credits"], o["owed"], o["number"], o["url"])
		return err
	}
	return c
}

// euros shows money of an answer, of whatever currency, with its cents.
func euros(v any) string {
	if n, err := strconv.ParseFloat(fmt.Sprint(v), 64); err == nil {
		return strconv.FormatFloat(n, 'f', 2, 64)
	}
	return fmt.Sprint(v)
}

// guard shows what an SMS account can be made to spend, and changes it where flags are given.
func (r resource) guard() *cobra.Command {
	c := &cobra.Command{Use: "guard NAME", Short: "Show or change what an SMS account can be made to spend", Args: takes}
	countries := c.Flags().String("countries", "", "countries that messages may go to, like FR,BE; * = every one, empty = the customer's own")
	caps := []property{
		{name: "hourCap", about: "most credits ordered for in an hour; 0 = no limit", kind: 'd'},
		{name: "dayCap", about: "most credits ordered for in a day; 0 = no limit", kind: 'd'},
		{name: "receiverHour", about: "most messages in an hour to one receiver; 0 = no limit", kind: 'i'},
		{name: "alertBelow", about: "tell alert-number by SMS when this many credits or fewer are left; 0 = never", kind: 'd'},
		{name: "alertNumber", about: "who is told"},
		{name: "rangeHour", about: "most messages in an hour to one range of a thousand numbers; 0 = no limit", kind: 'i'},
	}
	addFlags(c.Flags(), caps)
	c.RunE = func(c *cobra.Command, args []string) error {
		body := given(c.Flags(), caps)
		for name, value := range body {
			if value == int64(0) || value == float64(0) {
				body[name] = nil
			}
		}
		if c.Flags().Changed("countries") {
			body["countries"] = strings.FieldsFunc(*countries, func(r rune) bool { return r == ',' || r == ' ' })
		}
		api, err := r.open()
		if err != nil {
			return err
		}
		path := r.at(args[0]) + "/guards"
		if len(body) > 0 {
			if err := api.call(c.Context(), http.MethodPut, path, body, nil); err != nil {
				return err
			}
		}
		var o object
		if err := api.call(c.Context(), http.MethodGet, path, nil, &o); err != nil {
			return err
		}
		return printObject(r.out, o, "homeCountry")
	}
	return c
}
