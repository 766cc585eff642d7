import JSON
import Metrics

/// What martlet knows of LLM servers, for whoever compares and reads: the tables of names, and which numbers each kind tells.
package enum ServerReference {
    /// `{"kinds": [{"kind": …, "families": […], "ignored": […], "capabilities": […]}]}`
    package static var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("kinds")
            writer.array { writer in for kind in ServerKinds.all { write(kind, &writer) } }
        }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private static func write(_ kind: any ServerKind.Type, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("kind", kind.name)
            writer.key("families")
            writer.array { writer in
                for row in kind.table.rows {
                    writer.object { writer in
                        writer.member("native", row.name)
                        writer.key("aliases")
                        writer.array { writer in for alias in row.aliases { writer.string(alias) } }
                        writer.member("type", row.kind.rawValue)
                        writer.member("ours", row.ours.name)
                        writer.member("factor", row.factor)
                        writer.member("since", row.since)
                        writer.member("until", row.until)
                    }
                }
            }
            writer.key("ignored")
            writer.array { writer in
                for ignored in kind.table.ignored + NativeTable.ignoredOfAll {
                    writer.object { writer in
                        writer.member("pattern", ignored.pattern)
                        writer.member("why", ignored.why)
                    }
                }
            }
            writer.key("capabilities")
            writer.array { writer in
                for family in ServingFamily.allCases {
                    writer.object { writer in
                        writer.member("metric", family.shape.name)
                        writer.member("source", capability(family, kind).rawValue)
                    }
                }
            }
        }
    }

    private static func capability(_ family: ServingFamily, _ kind: any ServerKind.Type) -> Capability {
        Capability.ofKinds[kind.name]?[family.rawValue].whole(family) ?? Capability.none
    }

    // MARK: the page

    package static var markdown: String {
        """
        # LLM servers

        What martlet reads of \(ServerKinds.all.map { $0.title }.joined(separator: ", ")), and what each of them tells. This page is made from the program by `make docs`;
        `make check` fails when it is out of date. The metrics themselves are in [metrics.md](metrics.md), the keys of `llm` in [settings.md](settings.md).

        ## How servers are found

        Servers are named in `llm.servers`, each with its URL; a token goes to that scheme, host and port alone, and no redirect is followed. Containers are servers when they carry a label
        `martlet.llm.port`, `martlet.llm.kind` (a kind, `auto`, or `none` to be left alone) or `martlet.llm.name`, or run a known image: their published port is asked on loopback, or else
        their own address. Ports named in `llm.ports` are looked at on 127.0.0.1, and are servers once one answers there. What a server of kind `auto` is its answers tell: paths are asked one
        after the other that cost no server anything, and none that generates, loads a model or calls another server. Whose container has ended is down as long as the engine knows the container;
        who was found at a port is down for an hour after its last answer, and forgotten then.

        What labels say is worth least, as whoever may start a container writes them: a name that is somebody else's gets the container's name behind it, one that looks like a URL is not used, and a
        place belongs to the settings, then to the container that publishes it, then to `llm.ports`, and only then to a container in the machine's own network. What is left out for that is said in the log.
        Those that hang are asked less often, in half of the room that there is for questions, so that the others are asked in time. A server has 50,000 series at most and all together 250,000; past that
        whole families of the largest are left out, histograms first, and counted (`llm_monitor_llm_series_dropped_total`). A histogram of more than 128 buckets is left out, and names of models past `llm.model_limit` within an hour are `other`.

        A server is asked at most once in `llm.min_interval`, however often is scraped, also across a reload; a scrape shows what it told last, and when (`llm_monitor_llm_last_answer_timestamp_seconds`).
        What is older than three intervals is not shown, part by part: where only the exposition fails, or takes more than four fifths of `llm.timeout`, the server is up and its other answers are shown on. Of labels only those of the metrics pass; users, keys, requests and the like are left out, what differs by them is summed, and
        `llm_monitor_llm_labels_dropped_total` counts them. Counters and histograms that several series of the server feed (engines, ranks, versions, models past `llm.model_limit`) are summed by what
        each of them counted: one that goes takes nothing away, and one that begins anew adds what it has. What one series feeds is that series; when all begin anew, so does ours. Histograms keep the server's own bounds: quantiles of different kinds are not to be summed.

        | kind | image | port | asked |
        | --- | --- | --- | --- |

        """ + ServerKinds.all.map(row).joined() + """

            ## What each kind tells

            Each name stands behind `llm_monitor_llm_`. `native` is told as it is, `derived` is made of what is told, `probe` can be measured only by asking the server for a few tokens
            (`llm.servers[].probe`), and of the rest there is nothing: no series is not 0. `llm_monitor_llm_capability` says the same of each server by what it has told, which of some families is nothing before
            the first request. `inter_token_latency_seconds` is derived by a recording rule, from `time_per_output_token_seconds`, where a server does not tell it.

            | metric | \(ServerKinds.all.map { $0.title }.joined(separator: " | ")) |
            | --- |\(String(repeating: " --- |", count: ServerKinds.all.count))

            """ + ServingFamily.allCases.map(row).joined() + ServerKinds.all.map(section).joined()
    }

    private static func row(_ kind: any ServerKind.Type) -> String {
        let port = kind.metricsPort.map { "\(kind.standardPort), metrics \($0)" } ?? "\(kind.standardPort)"
        let images = kind.images.map { "`\($0)`" }.joined(separator: ", ")
        return "| `\(kind.name)` | \(images) | \(port) | \(kind.asked.map { "`\($0)`" }.joined(separator: ", ")) |\n"
    }

    private static func row(_ family: ServingFamily) -> String {
        let cells = ServerKinds.all.map { kind -> String in
            let word = capability(family, kind)
            return word == Capability.none ? "–" : word.rawValue
        }
        return "| `\(family.shape.name)` | \(cells.joined(separator: " | ")) |\n"
    }

    private static func section(_ kind: any ServerKind.Type) -> String {
        var text = "\n## \(kind.title)\n\n" + kind.remarks.map { "- \($0)\n" }.joined()
        text += "\n| the server's | type | ours |\n| --- | --- | --- |\n"
        for row in kind.table.rows {
            let names = row.names.map { "`\($0)`" }.joined(separator: ", before that ")
            text += "| \(names) | \(row.kind.rawValue) | `\(row.ours.shape.name)`\(note(row)) |\n"
        }
        for told in kind.told {
            text += "| \(told.question) | answer | `\(told.family.shape.name)`\(told.isDerived ? ", derived" : "") |\n"
        }
        guard !kind.table.ignored.isEmpty else { return text }
        return text + "\nLeft out: " + kind.table.ignored.map { "`\($0.pattern)` (\($0.why))" }.joined(separator: ", ") + ".\n"
    }

    private static func note(_ row: NativeFamily) -> String {
        switch row.taking {
        case .sum: return ", the sum of the histogram"
        case .count: return ", the count of the histogram"
        case .labelProduct(let names): return ", \(names.joined(separator: " times "))"
        case .opposite, .states, .value:
            let isConverted = row.factor == 1 ? "" : ", times \(row.factor)"
            return (row.isDirect ? "" : ", derived") + isConverted
        }
    }
}
