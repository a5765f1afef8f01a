"""Walks through the operations of an OpenAPI document, as far as reading goes: any document's, with ids that answers told."""

FEW = 3  # records whose lists are read


def formats(operation):
    return [{"format": each} if each else {} for each in operation.formats]


class Walker:
    """Goes through the operations in the order of what they need: what is read first tells ids for what is written."""

    def __init__(self, client):
        self.client, self.document = client, client.document
        self.records = {}  # by x-references: the records of its lists
        self.own = {}      # by x-references: ids of what was created here
        for operation in self.reads():  # lists at the top tell ids for all else
            if self.depth(operation) == 0:
                self.learn(self.client.call(operation, path={})[1])

    # ---- ids -------------------------------------------------------------------------------------

    def keys(self):
        """What the ids in paths are called, and of what they are: {"projects": "project_id"}."""
        return {parameter["x-references"]: parameter["name"] for operation in self.document.operations
                for parameter in operation.in_path() if "x-references" in parameter}

    def learn(self, value):
        for name, records in (value or {}).get("response", {}).items():
            if name in self.keys() and isinstance(records, list):
                self.records.setdefault(name, []).extend(records)

    def ids(self, name):
        key = self.keys()[name]
        return self.own.get(name, [])[::-1] + [record[key] for record in self.records.get(name, [])]

    def path(self, operation, choose):
        """Values for the path; choose gives an id of a resource."""
        return {parameter["name"]: choose(parameter["x-references"]) if "x-references" in parameter else parameter["example"]
                for parameter in operation.in_path()}

    # ---- kinds of operations, by what the document says of them -------------------------------------

    def reads(self):
        return [each for each in self.document.operations if each.method == "get"]

    def depth(self, operation):
        return sum("x-references" in parameter for parameter in operation.in_path())

    def references(self, schema):
        return {name: self.document.resolve(each)["x-references"] for name, each in self.document.properties(schema).items()
                if "x-references" in self.document.resolve(each)}

    # ---- reading ---------------------------------------------------------------------------------

    def read_all(self):
        """Every read in every format; each has succeeded, in each media type that it documents."""
        client = self.client
        for operation in self.reads():
            for number in range(FEW if self.depth(operation) else 1):
                def choose(name, number=number):
                    ids = self.ids(name)
                    return ids[number % len(ids)]
                for form in formats(operation):
                    response = client.send(operation, path={**self.path(operation, choose), **form})
                    value = client.check(operation, response)
                    # 404: this file has no bytes, that project none to see
                    assert response.status_code in (200, 404), response.text
                    if response.status_code == 200 and "json" in form.values():
                        self.learn(value)
        for operation in self.reads():
            medias = {media for name, status, media in client.seen if (name, status) == (operation.id, "200")}
            documented = set(operation.responses["200"]["content"])
            assert medias == documented or (medias and documented == {"*/*"}), (operation.id, medias)
