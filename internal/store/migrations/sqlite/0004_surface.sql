-- +goose Up
-- Files of customers. kind: me = of /me/document, sender = supporting document of a sender, export = made by a task.
CREATE TABLE document (
  id          TEXT PRIMARY KEY,
  account_id  INTEGER NOT NULL REFERENCES account (id),
  service_id  INTEGER NOT NULL, -- 0 for me
  kind        TEXT NOT NULL CHECK (kind IN ('me', 'sender', 'export')),
  sender      TEXT NOT NULL,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  tags        TEXT NOT NULL,
  secret      BLOB NOT NULL, -- sealed; the keys in its addresses come from it
  upload      INTEGER NOT NULL, -- whose pieces are the content, 0 = there is none yet
  size        INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  uploaded_at INTEGER NOT NULL
);
CREATE INDEX document_account ON document (account_id, created_at);
CREATE INDEX document_upload ON document (upload);
CREATE INDEX document_expiry ON document (expires_at) WHERE expires_at > 0;

-- Pieces of content, also of uploads that are under way or were broken off.
CREATE TABLE document_piece (
  upload  INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  at      INTEGER NOT NULL, -- by the database's clock
  content BLOB NOT NULL,
  PRIMARY KEY (upload, n)
);

-- Web origins that may use the addresses of a customer's documents.
CREATE TABLE document_origin (
  account_id INTEGER NOT NULL REFERENCES account (id),
  origin     TEXT NOT NULL,
  PRIMARY KEY (account_id, origin)
) WITHOUT ROWID;

-- Names that are known to belong to a customer: they need no moderation.
CREATE TABLE own_name (
  account_id INTEGER NOT NULL REFERENCES account (id),
  sender     TEXT NOT NULL,
  referer    TEXT NOT NULL CHECK (referer IN ('domain', 'nichandle')),
  PRIMARY KEY (account_id, sender)
) WITHOUT ROWID;

-- Codes that were sent to numbers which customers want to send from.
CREATE TABLE sender_code (
  service_id INTEGER NOT NULL,
  sender     TEXT NOT NULL,
  code       BLOB NOT NULL, -- sealed
  attempts   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (service_id, sender)
) WITHOUT ROWID;

-- What operators do to messages towards numbers, for customers to read.
CREATE TABLE restriction (
  id           INTEGER PRIMARY KEY,
  country      TEXT NOT NULL,
  prefix       TEXT NOT NULL,
  operators    TEXT NOT NULL,
  code         TEXT NOT NULL,
  substitution TEXT NOT NULL,
  messages     TEXT NOT NULL
);

CREATE TABLE template (
  service_id  INTEGER NOT NULL REFERENCES service (id),
  name        TEXT NOT NULL,
  activity    TEXT NOT NULL CHECK (activity IN ('alerting', 'authentification', 'transactional')),
  message     TEXT NOT NULL,
  description TEXT NOT NULL,
  reason      TEXT NOT NULL,
  comment     TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('waitingValidation', 'enable', 'disable', 'refused')),
  changed_at  INTEGER NOT NULL,
  PRIMARY KEY (service_id, name)
) WITHOUT ROWID;

CREATE TABLE phonebook (
  key        TEXT PRIMARY KEY,
  service_id INTEGER NOT NULL REFERENCES service (id),
  name       TEXT NOT NULL,
  phone_key  TEXT NOT NULL,
  rev        INTEGER NOT NULL, -- counts changes of its contacts
  created_at INTEGER NOT NULL
);
CREATE INDEX phonebook_service ON phonebook (service_id, created_at);

CREATE TABLE contact (
  id          INTEGER PRIMARY KEY,
  book        TEXT NOT NULL REFERENCES phonebook (key),
  name        TEXT NOT NULL,
  surname     TEXT NOT NULL,
  team        TEXT NOT NULL, -- group, which is a word of SQL
  home_phone  TEXT NOT NULL,
  home_mobile TEXT NOT NULL,
  work_phone  TEXT NOT NULL,
  work_mobile TEXT NOT NULL
);
CREATE INDEX contact_book ON contact (book, id);

-- What is done in the background. object and document name what it works on.
CREATE TABLE task (
  id         INTEGER PRIMARY KEY,
  service_id INTEGER NOT NULL,
  function   TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status IN ('todo', 'doing', 'pause', 'done', 'error')),
  step       TEXT NOT NULL,
  object     TEXT NOT NULL,
  document   TEXT NOT NULL,
  rev        INTEGER NOT NULL, -- of the object that it works on
  message    TEXT NOT NULL,
  due_at     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  done_at    INTEGER NOT NULL
);
CREATE INDEX task_service ON task (service_id, id);
CREATE INDEX task_open ON task (due_at) WHERE status IN ('todo', 'doing');
CREATE INDEX task_object ON task (object, id);

-- Questions to the operators' home location registers.
CREATE TABLE hlr (
  id         INTEGER PRIMARY KEY,
  service_id INTEGER NOT NULL,
  carrier_id INTEGER NOT NULL,
  receiver   TEXT NOT NULL,
  country    TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status IN ('todo', 'doing', 'done', 'error')),
  credits    INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  valid      BOOLEAN NOT NULL,
  reachable  BOOLEAN NOT NULL,
  roaming    BOOLEAN NOT NULL,
  ported     BOOLEAN NOT NULL,
  network    TEXT NOT NULL, -- MCC and MNC
  error      TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  done_at    INTEGER NOT NULL
);
CREATE INDEX hlr_service ON hlr (service_id, id);
CREATE INDEX hlr_receiver ON hlr (service_id, receiver, id);
CREATE INDEX hlr_open ON hlr (carrier_id, due_at) WHERE status IN ('todo', 'doing');
CREATE INDEX hlr_stale ON hlr (created_at) WHERE status IN ('todo', 'doing');

CREATE TABLE virtual_number (
  number     TEXT PRIMARY KEY,
  id         INTEGER NOT NULL,
  country    TEXT NOT NULL CHECK (country IN ('be', 'ch', 'de', 'es', 'fr', 'uk')),
  service_id INTEGER NOT NULL REFERENCES service (id),
  carrier_id INTEGER NOT NULL REFERENCES carrier (id),
  renewal    TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX virtual_number_service ON virtual_number (service_id, number);

-- +goose Down
DROP TABLE virtual_number;
DROP TABLE hlr;
DROP TABLE task;
DROP TABLE contact;
DROP TABLE phonebook;
DROP TABLE template;
DROP TABLE restriction;
DROP TABLE sender_code;
DROP TABLE own_name;
DROP TABLE document_origin;
DROP TABLE document_piece;
DROP TABLE document;
