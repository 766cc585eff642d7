import JSON
import Primitives
import Web

/// What Loki's API says, in its own form.
enum LokiAnswers {
    /// Lines of a span of time. What Grafana asks to see whether there is anybody, `vector(1)+vector(1)`, has an answer too.
    ///
    /// Errors: a query that cannot be read, or is not for lines.
    static func lines(_ store: LokiStore, _ question: LokiQuestion, isInstant: Bool) throws(Failure) -> HTTPServerResponse {
        guard let text = question.query else {
            throw Failure(.malformed, "parse error : syntax error: unexpected $end: the parameter query is missing")
        }
        if isInstant, text.filter({ !$0.isWhitespace }) == "vector(1)+vector(1)" { return vector(2, at: question.end) }
        let query = try LogQuery(parsing: text)
        let streams = store.streams(from: question.start, to: question.end, where: query.accepts)
        var found: [(stream: Int, entry: LokiPush.Entry)] = []
        for (number, stream) in streams.enumerated() {
            let entries = stream.between(question.start, question.end)
            // Of each no more than are wanted of all.
            var count = 0
            func take(_ entry: LokiPush.Entry) -> Bool {
                if query.accepts(line: entry.line) {
                    found.append((number, entry))
                    count += 1
                }
                return count < question.limit
            }
            if question.isForward {
                for entry in entries where !take(entry) { break }
            } else {
                for entry in entries.reversed() where !take(entry) { break }
            }
        }
        found.sort { question.isForward ? $0.entry.time < $1.entry.time : $0.entry.time > $1.entry.time }
        return written(found.prefix(question.limit), streams)
    }

    private static func written(_ found: ArraySlice<(stream: Int, entry: LokiPush.Entry)>, _ streams: [LokiStream]) -> HTTPServerResponse {
        // Structured metadata is shown as labels, so that what differs in it is a stream of its own.
        var order: [[LokiPush.Label]] = []
        var groups: [[LokiPush.Label]: [LokiPush.Entry]] = [:]
        for (stream, entry) in found {
            let labels =
                entry.metadata.isEmpty ? streams[stream].labels : (streams[stream].labels + entry.metadata).sorted { $0.name < $1.name }
            if groups[labels]?.append(entry) == nil {
                groups[labels] = [entry]
                order.append(labels)
            }
        }
        return success { json in
            json.member("resultType", "streams")
            json.key("result")
            json.array { json in
                for labels in order {
                    json.object { json in
                        json.key("stream")
                        write(labels, &json)
                        json.key("values")
                        json.array { json in
                            for entry in groups[labels] ?? [] {
                                json.array { json in
                                    json.string(String(entry.time))
                                    json.string(String(decoding: entry.line, as: UTF8.self))
                                }
                            }
                        }
                    }
                }
            }
            json.key("stats")
            json.object { _ in }
        }
    }

    static func labels(_ store: LokiStore, _ question: LokiQuestion) throws(Failure) -> HTTPServerResponse {
        let streams = try wanted(store, question)
        return names(Set(streams.flatMap { $0.labels.map(\.name) }))
    }

    static func values(of name: String, _ store: LokiStore, _ question: LokiQuestion) throws(Failure) -> HTTPServerResponse {
        let streams = try wanted(store, question)
        return names(Set(streams.flatMap { $0.labels.filter { $0.name == name }.map(\.value) }))
    }

    static func series(_ store: LokiStore, _ question: LokiQuestion) throws(Failure) -> HTTPServerResponse {
        let streams = try wanted(store, question)
        return success(isWhole: true) { json in
            json.array { json in for stream in streams.sorted(by: { $0.text < $1.text }) { write(stream.labels, &json) } }
        }
    }

    static func statistics(_ store: LokiStore, _ question: LokiQuestion) throws(Failure) -> HTTPServerResponse {
        let streams = try wanted(store, question)
        let entries = streams.map { $0.between(question.start, question.end) }
        var json = JSONWriter()
        json.object { json in
            json.member("streams", streams.count)
            json.member("chunks", streams.count)
            json.member("entries", entries.reduce(0) { $0 + $1.count })
            json.member("bytes", entries.reduce(0) { $0 + $1.reduce(0) { $0 + $1.line.count } })
        }
        return HTTPServerResponse(json: json.bytes)
    }

    static var buildInfo: HTTPServerResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("version", "3.0.0")
            json.member("revision", "simulated")
            json.member("branch", "")
            json.member("buildUser", "")
            json.member("buildDate", "")
            json.member("goVersion", "")
        }
        return HTTPServerResponse(json: json.bytes)
    }

    static func metrics(_ store: LokiStore) -> String {
        let counts = store.counts
        var text = ""
        func family(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: Int)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        family("loki_distributor_lines_received_total", "counter", "Lines that were stored.", [("", counts.lines)])
        family("loki_distributor_bytes_received_total", "counter", "Bytes of lines that were stored.", [("", counts.bytes)])
        family(
            "loki_discarded_samples_total", "counter", "Lines that were refused.",
            counts.refused.sorted { $0.key < $1.key }.map { ("{reason=\"\($0.key)\"}", $0.value) })
        family("simulated_loki_pushes_total", "counter", "Pushes that could be read.", [("", counts.pushes)])
        family("simulated_loki_repeated_lines_total", "counter", "Lines that were there already.", [("", counts.repeated)])
        family("simulated_loki_forgotten_lines_total", "counter", "Lines for which there was no room any more.", [("", counts.forgotten)])
        family("simulated_loki_bytes", "gauge", "What lines take of memory.", [("", store.bytes)])
        family("simulated_loki_streams", "gauge", "Streams that have lines.", [("", store.streamCount)])
        return text
    }

    // MARK: parts

    /// Streams of the time that is asked for, and of any of the selectors.
    private static func wanted(_ store: LokiStore, _ question: LokiQuestion) throws(Failure) -> [LokiStream] {
        var queries: [LogQuery] = []
        for selector in question.selectors + [question.query].compactMap({ $0 }) { queries.append(try LogQuery(selector: selector)) }
        return store.streams(from: question.start, to: question.end) { labels in
            queries.isEmpty || queries.contains { $0.accepts(labels) }
        }
    }

    private static func write(_ labels: [LokiPush.Label], _ json: inout JSONWriter) {
        json.object { json in
            for label in labels {
                json.key(text: label.name)
                json.string(label.value)
            }
        }
    }

    private static func names(_ names: Set<String>) -> HTTPServerResponse {
        success(isWhole: true) { json in json.array { json in for name in names.sorted() { json.string(name) } } }
    }

    private static func vector(_ value: Int, at time: Int64) -> HTTPServerResponse {
        success { json in
            json.member("resultType", "vector")
            json.key("result")
            json.array { json in
                json.object { json in
                    json.key("metric")
                    json.object { _ in }
                    json.key("value")
                    json.array { json in
                        json.number(Double(time / 1_000_000) / 1000)
                        json.string(String(value))
                    }
                }
            }
        }
    }

    /// - Parameter isWhole: `body` writes the value of `data`, not the members of an object.
    private static func success(isWhole: Bool = false, _ body: (inout JSONWriter) -> Void) -> HTTPServerResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            if isWhole { body(&json) } else { json.object { body(&$0) } }
        }
        return HTTPServerResponse(json: json.bytes)
    }
}
