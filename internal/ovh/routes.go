package ovh

import "maps"

// routes is everything that this API offers, by method and path of the schema. What is in the schema and not here is
// answered with a 404 that says so.
func (a *API) routes() map[string]handler {
	all := map[string]handler{
		"GET /auth/time":              endpoint(a.getTime),
		"POST /auth/credential":       endpoint(a.askCredential),
		"GET /auth/currentCredential": endpoint(a.getCurrentCredential),
		"GET /auth/details":           endpoint(a.getDetails),
		"POST /auth/logout":           endpoint(a.logout),

		"GET /me": endpoint(a.getMe),
		"PUT /me": endpoint(a.putMe),

		"GET /me/api/application":                           endpoint(a.listApplications),
		"GET /me/api/application/{applicationId}":           endpoint(a.getApplication),
		"DELETE /me/api/application/{applicationId}":        endpoint(a.deleteApplication),
		"GET /me/api/credential":                            endpoint(a.listCredentials),
		"GET /me/api/credential/{credentialId}":             endpoint(a.getCredential),
		"PUT /me/api/credential/{credentialId}":             endpoint(a.putCredential),
		"DELETE /me/api/credential/{credentialId}":          endpoint(a.deleteCredential),
		"GET /me/api/credential/{credentialId}/application": endpoint(a.getCredentialApplication),

		"GET /me/api/logs/self":         endpoint(a.listCalls),
		"GET /me/api/logs/self/{logId}": endpoint(a.getCall),

		"GET /me/api/oauth2/client":               endpoint(a.listClients),
		"POST /me/api/oauth2/client":              endpoint(a.createClient),
		"GET /me/api/oauth2/client/{clientId}":    endpoint(a.getClient),
		"PUT /me/api/oauth2/client/{clientId}":    endpoint(a.putClient),
		"DELETE /me/api/oauth2/client/{clientId}": endpoint(a.deleteClient),

		"GET /sms":                    endpoint(a.listServices),
		"POST /sms/estimate":          endpoint(a.estimate),
		"GET /sms/ptts":               endpoint(a.getPTT),
		"GET /sms/rates/destinations": endpoint(a.getDestinationRates),
		"GET /sms/rates/packs":        endpoint(a.getPacks),
		"GET /sms/{serviceName}":      endpoint(a.getService),
		"PUT /sms/{serviceName}":      endpoint(a.putService),

		"GET /sms/{serviceName}/jobs":         endpoint(a.listJobs),
		"POST /sms/{serviceName}/jobs":        endpoint(a.createJob),
		"GET /sms/{serviceName}/jobs/{id}":    endpoint(a.getJob),
		"DELETE /sms/{serviceName}/jobs/{id}": endpoint(a.deleteJob),
		"PUT /sms/{serviceName}/jobs/{id}":    endpoint(a.putJob),

		"GET /sms/{serviceName}/outgoing":            streamed(endpoint(a.listOutgoing), a.streamOutgoing),
		"GET /sms/{serviceName}/outgoing/{id}":       endpoint(a.getOutgoing),
		"DELETE /sms/{serviceName}/outgoing/{id}":    endpoint(a.deleteOutgoing),
		"GET /sms/{serviceName}/outgoing/{id}/trail": endpoint(a.getTrail),

		"GET /sms/{serviceName}/incoming":         endpoint(a.listIncoming),
		"GET /sms/{serviceName}/incoming/{id}":    endpoint(a.getIncoming),
		"DELETE /sms/{serviceName}/incoming/{id}": endpoint(a.deleteIncoming),

		"GET /sms/{serviceName}/blacklists":             endpoint(a.listBlacklists),
		"GET /sms/{serviceName}/blacklists/{number}":    endpoint(a.getBlacklist),
		"DELETE /sms/{serviceName}/blacklists/{number}": endpoint(a.deleteBlacklist),
	}
	for _, more := range []map[string]handler{a.settingRoutes(), a.moneyRoutes(), a.surfaceRoutes(), a.operatorRoutes(), a.ownPeopleRoutes(), a.resaleRoutes()} {
		maps.Copy(all, more)
	}
	return all
}

// settingRoutes are about what a service has: lists, campaigns, webhooks, senders.
func (a *API) settingRoutes() map[string]handler {
	return map[string]handler{
		"GET /sms/{serviceName}/receivers":                 endpoint(a.listSlots),
		"POST /sms/{serviceName}/receivers":                endpoint(a.createSlot),
		"GET /sms/{serviceName}/receivers/{slotId}":        endpoint(a.getSlot),
		"PUT /sms/{serviceName}/receivers/{slotId}":        endpoint(a.putSlot),
		"DELETE /sms/{serviceName}/receivers/{slotId}":     endpoint(a.deleteSlot),
		"GET /sms/{serviceName}/receivers/{slotId}/csv":    endpoint(a.getSlotCSV),
		"POST /sms/{serviceName}/receivers/{slotId}/clean": endpoint(a.cleanSlot),

		"GET /sms/{serviceName}/batches":                 endpoint(a.listBatches),
		"POST /sms/{serviceName}/batches":                endpoint(a.createBatch),
		"GET /sms/{serviceName}/batches/{id}":            endpoint(a.getBatch),
		"PUT /sms/{serviceName}/batches/{id}":            endpoint(a.putBatch),
		"DELETE /sms/{serviceName}/batches/{id}":         endpoint(a.deleteBatch),
		"POST /sms/{serviceName}/batches/{id}/cancel":    endpoint(a.cancelBatch),
		"GET /sms/{serviceName}/batches/{id}/statistics": endpoint(a.getBatchStatistics),
		"GET /sms/{serviceName}/batches/{id}/errors":     endpoint(a.getBatchErrors),
		"POST /sms/{serviceName}/batches/{id}/pause":     endpoint(a.pauseBatch),
		"POST /sms/{serviceName}/batches/{id}/resume":    endpoint(a.resumeBatch),

		"GET /sms/{serviceName}/optOuts":  endpoint(a.listOptOuts),
		"POST /sms/{serviceName}/optOuts": endpoint(a.addOptOuts),

		"POST /sms/{serviceName}/quotes":     endpoint(a.createQuote),
		"GET /sms/{serviceName}/quotes/{id}": endpoint(a.getQuote),

		"GET /sms/{serviceName}/reports": withCSV(endpoint(a.getReport), reportCSV),

		"GET /sms/{serviceName}/webhooks":                    endpoint(a.listWebhooks),
		"POST /sms/{serviceName}/webhooks":                   endpoint(a.addWebhook),
		"GET /sms/{serviceName}/webhooks/{id}":               endpoint(a.getWebhook),
		"PUT /sms/{serviceName}/webhooks/{id}":               endpoint(a.putWebhook),
		"DELETE /sms/{serviceName}/webhooks/{id}":            endpoint(a.deleteWebhook),
		"POST /sms/{serviceName}/webhooks/{id}/rotateSecret": endpoint(a.rotateSecret),
		"POST /sms/{serviceName}/webhooks/{id}/test":         endpoint(a.testWebhook),

		"GET /sms/{serviceName}/deliveries":              endpoint(a.listDeliveries),
		"POST /sms/{serviceName}/deliveries/replay":      endpoint(a.replayDeliveries),
		"GET /sms/{serviceName}/deliveries/{id}":         endpoint(a.getDelivery),
		"POST /sms/{serviceName}/deliveries/{id}/replay": endpoint(a.replayDelivery),

		"GET /sms/{serviceName}/keywords":         endpoint(a.listKeywords),
		"POST /sms/{serviceName}/keywords":        endpoint(a.addKeyword),
		"GET /sms/{serviceName}/keywords/{id}":    endpoint(a.getKeyword),
		"PUT /sms/{serviceName}/keywords/{id}":    endpoint(a.putKeyword),
		"DELETE /sms/{serviceName}/keywords/{id}": endpoint(a.deleteKeyword),

		"GET /sms/{serviceName}/senders":             endpoint(a.listSenders),
		"POST /sms/{serviceName}/senders":            endpoint(a.createSender),
		"GET /sms/{serviceName}/senders/{sender}":    endpoint(a.getSender),
		"PUT /sms/{serviceName}/senders/{sender}":    endpoint(a.putSender),
		"DELETE /sms/{serviceName}/senders/{sender}": endpoint(a.deleteSender),

		"GET /sms/{serviceName}/smpp/settings":   endpoint(a.getSMPPSettings),
		"GET /sms/{serviceName}/smpp/allowedIPs": endpoint(a.getSMPPAddresses),
		"PUT /sms/{serviceName}/smpp/allowedIPs": endpoint(a.putSMPPAddresses),
		"POST /sms/{serviceName}/smpp/password":  endpoint(a.renewSMPPPassword),
	}
}
