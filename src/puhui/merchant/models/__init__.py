"""The rows of the shopkeeper's zone, one file a subject; only this room reads them. Django finds a model by its import here."""
