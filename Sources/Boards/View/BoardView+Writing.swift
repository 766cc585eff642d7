package import JSON

extension BoardView {
    /// The board as the page is told it.
    package func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("uid", board.uid)
            json.member("title", title)
            json.member("description", description)
            json.strings("tags", board.tags)
            json.member("refresh", board.refresh)
            json.member("timezone", board.timezone)
            json.member("graphTooltip", board.graphTooltip)
            json.member("from", query.from)
            json.member("to", query.to)
            json.key("time")
            if board.hasOwnTimes {
                json.object {
                    $0.member("from", board.from)
                    $0.member("to", board.to)
                }
            } else {
                json.null()
            }
            json.strings("problems", problems)
            json.list("links", links) { $0.write($1) }
            json.list("variables", variables) { $0.write($1) }
            json.list("panels", panels) { $1.write(into: &$0) }
            json.list("annotations", annotations) { $0.write($1) }
        }
    }
}

extension JSONWriter {
    mutating func strings(_ name: StaticString, _ texts: [String]) { list(name, texts) { $0.string($1) } }

    mutating func list<Element>(_ name: StaticString, _ elements: [Element], _ body: (inout JSONWriter, Element) -> Void) {
        key(name)
        array { json in for element in elements { body(&json, element) } }
    }

    mutating func tree(_ name: StaticString, _ tree: JSONTree) {
        key(name)
        tree.write(into: &self)
    }

    fileprivate mutating func optional(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    fileprivate mutating func write(_ link: LinkView) {
        object { json in
            json.member("title", link.title)
            json.member("url", link.url)
            json.member("keepTime", link.keepTime)
            json.member("newTab", link.newTab)
            if let tags = link.tags { json.strings("tags", tags) }
        }
    }

    fileprivate mutating func write(_ resolved: ResolvedVariable) {
        let variable = resolved.variable
        object { json in
            json.member("name", variable.name)
            json.member("label", variable.label.isEmpty ? variable.name : variable.label)
            json.member("type", variable.kind.rawValue)
            json.member("multi", variable.isMulti)
            json.member("includeAll", variable.includesAll)
            json.member("hidden", variable.hide == 2)
            json.list("options", resolved.options) { json, option in
                json.object {
                    $0.member("text", option.text)
                    $0.member("value", option.value)
                }
            }
            json.strings("current", resolved.current)
            json.optional("problem", resolved.problem)
        }
    }

    fileprivate mutating func write(_ annotation: AnnotationView) {
        object { json in
            json.member("name", annotation.name)
            json.member("color", annotation.color)
            json.member("expr", annotation.expression)
            json.member("step", annotation.step)
            json.member("title", annotation.title)
            json.member("text", annotation.text)
            json.member("enabled", annotation.isEnabled)
        }
    }

    fileprivate mutating func write(_ target: TargetView) {
        object { json in
            json.member("ref", target.ref)
            json.member("expr", target.expression)
            json.member("step", target.step)
            json.member("start", target.start)
            json.member("end", target.end)
            json.member("instant", target.isInstant)
            json.member("legend", target.legend)
            json.member("format", target.format.rawValue)
            json.member("source", target.source.rawValue)
            json.member("hidden", target.isHidden)
        }
    }
}

extension PanelView {
    func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("key", key)
            json.member("id", id)
            json.member("type", type)
            json.member("title", title)
            json.member("description", description)
            json.member("x", place.x)
            json.member("y", place.y)
            json.member("w", place.width)
            json.member("h", place.height)
            json.optional("row", row)
            if type == "row" { json.member("collapsed", isCollapsed) }
            json.member("supported", isSupported)
            json.strings("problems", problems)
            json.member("noQuery", hasNoQuery)
            json.list("targets", targets) { $0.write($1) }
            json.member("start", start)
            json.member("end", end)
            json.member("table", isTable)
            json.tree("defaults", defaults)
            json.list("overrides", overrides) { json, override in
                json.object { json in
                    json.key("matcher")
                    json.object {
                        $0.member("id", override.matcher)
                        $0.tree("options", override.matcherOptions)
                    }
                    json.list("properties", override.properties) { json, property in
                        json.object {
                            $0.member("id", property.id)
                            $0.tree("value", property.value)
                        }
                    }
                }
            }
            json.tree("options", options)
            json.tree("links", .list(links))
        }
    }
}
