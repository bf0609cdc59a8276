"""The envelopes: shapes of answers, for the cold routes and for the OpenAPI document. Facts are not described here."""
