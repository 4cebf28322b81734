package ovh

// surfaceRoutes is what stands around the sending of messages: contracts, documents, lists of contacts, approvals, look-ups.
func (a *API) surfaceRoutes() map[string]handler {
	const (
		service = "/sms/{serviceName}"
		senders = service + "/senders/{sender}"
		books   = service + "/phonebooks"
		book    = books + "/{bookKey}"
		names   = service + "/templatesControl"
		virtual = service + "/virtualNumbers/{number}"
		user    = service + "/users/{login}"
	)
	return map[string]handler{
		"GET /me/document":         endpoint(a.listDocuments),
		"POST /me/document":        endpoint(a.createDocument),
		"POST /me/document/cors":   endpoint(a.allowOrigin),
		"GET /me/document/{id}":    endpoint(a.getDocument),
		"PUT /me/document/{id}":    endpoint(a.putDocument),
		"DELETE /me/document/{id}": endpoint(a.deleteDocument),

		"GET " + service + "/serviceInfos": endpoint(a.getServiceInfos),
		"PUT " + service + "/serviceInfos": endpoint(a.putServiceInfos),
		"GET " + service + "/seeOffers":    endpoint(a.seeOffers),
		"GET " + service + "/exceptions":   endpoint(a.getExceptions),

		"GET " + service + "/sendersAvailableForValidation": endpoint(a.listAvailableSenders),

		"POST " + senders + "/validate":              endpoint(a.validateSender),
		"GET " + senders + "/documents":              endpoint(a.listSenderDocuments),
		"POST " + senders + "/documents":             endpoint(a.createSenderDocument),
		"GET " + senders + "/documents/{documentID}": endpoint(a.getSenderDocument),
		"PUT " + senders + "/documents/{documentID}": endpoint(a.putSenderDocument),

		"GET " + names:                                 endpoint(a.listTemplates),
		"POST " + names:                                endpoint(a.createTemplate),
		"GET " + names + "/{name}":                     endpoint(a.getTemplate),
		"PUT " + names + "/{name}":                     endpoint(a.putTemplate),
		"DELETE " + names + "/{name}":                  endpoint(a.deleteTemplate),
		"POST " + names + "/{name}/relaunchValidation": endpoint(a.relaunchTemplate),

		"GET " + books:                              endpoint(a.listPhonebooks),
		"POST " + books:                             endpoint(a.createPhonebook),
		"GET " + book:                               endpoint(a.getPhonebook),
		"PUT " + book:                               endpoint(a.putPhonebook),
		"DELETE " + book:                            endpoint(a.deletePhonebook),
		"GET " + book + "/export":                   endpoint(a.exportContacts),
		"POST " + book + "/import":                  endpoint(a.importContacts),
		"GET " + book + "/phonebookContact":         endpoint(a.listContacts),
		"POST " + book + "/phonebookContact":        endpoint(a.createContact),
		"GET " + book + "/phonebookContact/{id}":    withMany(endpoint(a.getContact), a.contactsOf),
		"PUT " + book + "/phonebookContact/{id}":    endpoint(a.putContact),
		"DELETE " + book + "/phonebookContact/{id}": endpoint(a.deleteContact),

		"GET " + service + "/task":          endpoint(a.listTasks),
		"GET " + service + "/task/{taskId}": endpoint(a.getTask),

		"GET " + service + "/hlr":               endpoint(a.listLookups),
		"POST " + service + "/hlr":              endpoint(a.createLookups),
		"GET " + service + "/hlr/{id}":          endpoint(a.getLookup),
		"GET " + service + "/hlr/{id}/operator": endpoint(a.getLookupOperator),
		"GET " + service + "/outgoing/{id}/hlr": endpoint(a.getOutgoingHlr),

		"GET /sms/virtualNumbers":                       endpoint(a.listVirtualNumbers),
		"GET /sms/virtualNumbers/{number}":              endpoint(a.getVirtualNumber),
		"GET /sms/virtualNumbers/{number}/serviceInfos": endpoint(a.getNumberInfos),
		"PUT /sms/virtualNumbers/{number}/serviceInfos": endpoint(a.putNumberInfos),

		"GET " + service + "/virtualNumbers":    endpoint(a.listServiceNumbers),
		"GET " + virtual:                        endpoint(a.getServiceNumber),
		"GET " + virtual + "/jobs":              endpoint(a.listNumberJobs),
		"POST " + virtual + "/jobs":             endpoint(a.createNumberJob),
		"GET " + virtual + "/jobs/{id}":         endpoint(a.getNumberJob),
		"DELETE " + virtual + "/jobs/{id}":      endpoint(a.deleteNumberJob),
		"GET " + virtual + "/outgoing":          endpoint(a.listNumberOutgoing),
		"GET " + virtual + "/outgoing/{id}":     endpoint(a.getNumberOutgoing),
		"DELETE " + virtual + "/outgoing/{id}":  endpoint(a.deleteNumberOutgoing),
		"GET " + virtual + "/outgoing/{id}/hlr": endpoint(a.getNumberOutgoingHlr),
		"GET " + virtual + "/chatAccess":        endpoint(a.getChatAccess),
		"POST " + virtual + "/chatAccess":       endpoint(a.createChatAccess),
		"DELETE " + virtual + "/chatAccess":     endpoint(a.deleteChatAccess),
		"GET " + virtual + "/incoming":          endpoint(a.listNumberIncoming),
		"GET " + virtual + "/incoming/{id}":     endpoint(a.getNumberIncoming),
		"DELETE " + virtual + "/incoming/{id}":  endpoint(a.deleteNumberIncoming),

		"GET " + service + "/document": endpoint(a.createExtract),
		"GET " + user + "/document":    endpoint(a.createUserExtract),

		"GET " + user + "/receivers":                 endpoint(a.listUserSlots),
		"POST " + user + "/receivers":                endpoint(a.createUserSlot),
		"GET " + user + "/receivers/{slotId}":        endpoint(a.getUserSlot),
		"PUT " + user + "/receivers/{slotId}":        endpoint(a.putUserSlot),
		"DELETE " + user + "/receivers/{slotId}":     endpoint(a.deleteUserSlot),
		"GET " + user + "/receivers/{slotId}/csv":    endpoint(a.getUserSlotCSV),
		"POST " + user + "/receivers/{slotId}/clean": endpoint(a.cleanUserSlot),
		"GET " + user + "/outgoing/{id}/hlr":         endpoint(a.getUserOutgoingHlr),
	}
}
