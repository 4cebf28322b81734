package ovh

// moneyRoutes is what concerns credits: transfers, SMS users with their quotas, guards, orders.
func (a *API) moneyRoutes() map[string]handler {
	return map[string]handler{
		"POST /sms/{serviceName}/transferCredits": endpoint(a.transferCredits),

		"GET /sms/{serviceName}/users":            endpoint(a.listUsers),
		"POST /sms/{serviceName}/users":           endpoint(a.createUser),
		"GET /sms/{serviceName}/users/{login}":    endpoint(a.getUser),
		"PUT /sms/{serviceName}/users/{login}":    endpoint(a.putUser),
		"DELETE /sms/{serviceName}/users/{login}": endpoint(a.deleteUser),

		"GET /sms/{serviceName}/users/{login}/jobs":         endpoint(a.listUserJobs),
		"POST /sms/{serviceName}/users/{login}/jobs":        endpoint(a.createUserJob),
		"GET /sms/{serviceName}/users/{login}/jobs/{id}":    endpoint(a.getUserJob),
		"DELETE /sms/{serviceName}/users/{login}/jobs/{id}": endpoint(a.deleteUserJob),

		"GET /sms/{serviceName}/users/{login}/outgoing":         endpoint(a.listUserOutgoing),
		"GET /sms/{serviceName}/users/{login}/outgoing/{id}":    endpoint(a.getUserOutgoing),
		"DELETE /sms/{serviceName}/users/{login}/outgoing/{id}": endpoint(a.deleteUserOutgoing),

		"GET /sms/{serviceName}/users/{login}/incoming":         endpoint(a.listUserIncoming),
		"GET /sms/{serviceName}/users/{login}/incoming/{id}":    endpoint(a.getUserIncoming),
		"DELETE /sms/{serviceName}/users/{login}/incoming/{id}": endpoint(a.deleteUserIncoming),

		"GET /sms/{serviceName}/guards": endpoint(a.getGuards),
		"PUT /sms/{serviceName}/guards": endpoint(a.putGuards),

		"GET /sms/{serviceName}/statements/{month}": a.statements(endpoint(a.getStatement)),

		"GET /order/sms":                        endpoint(a.listOrderable),
		"GET /order/sms/new":                    endpoint(a.quoteService),
		"POST /order/sms/new":                   endpoint(a.orderService),
		"GET /order/sms/{serviceName}":          endpoint(a.listOrderOptions),
		"GET /order/sms/{serviceName}/credits":  endpoint(a.quoteCredits),
		"POST /order/sms/{serviceName}/credits": endpoint(a.orderCredits),

		"GET /me/order":                                   endpoint(a.listMyOrders),
		"GET /me/order/{orderId}":                         endpoint(a.getMyOrder),
		"GET /me/order/{orderId}/status":                  endpoint(a.getMyOrderStatus),
		"GET /me/order/{orderId}/details":                 endpoint(a.listMyOrderDetails),
		"GET /me/order/{orderId}/details/{orderDetailId}": endpoint(a.getMyOrderDetail),
	}
}

// moneyOperatorRoutes is likewise what operators may call.
func (a *API) moneyOperatorRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/services/{serviceName}/guards":             endpoint(a.showGuards),
		"PUT /operator/services/{serviceName}/guards":             endpoint(a.changeGuards),
		"GET /operator/services/{serviceName}/statements/{month}": a.statements(endpoint(a.getStatementAsOperator)),
		"GET /operator/prices":                                    endpoint(a.listPrices),
		"PUT /operator/prices/{country}/{quantity}":               endpoint(a.setPrice),
		"DELETE /operator/prices/{country}/{quantity}":            endpoint(a.removePrice),
		"GET /operator/taxes":                                     endpoint(a.listTaxes),
		"PUT /operator/taxes/{country}":                           endpoint(a.setTax),
		"DELETE /operator/taxes/{country}":                        endpoint(a.removeTax),
		"GET /operator/rateSheet":                                 withCSV(endpoint(a.getRateSheet), rateSheetCSV),
		"POST /operator/rateSheet":                                endpoint(a.applyRateSheet),
		"GET /operator/orders":                                    endpoint(a.listOrders),
		"GET /operator/orders/{orderId}":                          endpoint(a.showOrder),
		"POST /operator/orders/{orderId}/settle":                  endpoint(a.settleOrder),
		"POST /operator/orders/{orderId}/cancel":                  endpoint(a.cancelOrder),
		"POST /operator/orders/{orderId}/refund":                  endpoint(a.refundOrder),
		"GET /operator/orders/{orderId}/refunds":                  endpoint(a.listRefunds),
	}
}
