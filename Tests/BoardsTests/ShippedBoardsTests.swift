import Boards
import JSON
import Primitives
import Testing

/// The boards that are shipped, as they lie in the repository.
enum ShippedBoards {
    static let names = [
        "backup-replication", "cluster-overview", "host-detail", "stack-health", "storage-zfs", "vm-comparison", "vm-detail",
    ]

    static func read(_ name: String) throws -> Board {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let bytes = try Files.read("\(root)/grafana/provisioning/dashboards/json/\(name).json", limitBytes: 1 << 20)
        let document = try JSONDocument(parsing: bytes)
        return try document.withRoot { root in try Board.read(root) }
    }
}

@Suite("The boards that are shipped")
struct ShippedBoardsTests {
    @Test("They ask for nothing that the viewer does not have", arguments: ShippedBoards.names)
    func lint(_ name: String) throws {
        let board = try ShippedBoards.read(name)
        #expect(BoardLint.problems(of: board) == [])
        #expect(board.uid == "martlet-\(name)")
        #expect(board.panels.count > 10)
    }

    @Test("They resolve without a problem, and nothing of ours is left unfilled", arguments: ShippedBoards.names)
    func view(_ name: String) throws {
        let board = try ShippedBoards.read(name)
        var query = try #require(BoardQuery(from: board.from, to: board.to, nowMilliseconds: 1_700_000_000_000))
        query.chosen = ["cluster": ["lab"]]
        let view = BoardView(board: board, query: query, variables: answered(board, query))
        #expect(view.problems == [])
        #expect(view.variables.allSatisfy { $0.problem == nil })
        for panel in view.panels {
            #expect(panel.problems == [], "\(panel.title)")
            for target in panel.targets {
                for left in ["$node", "$cluster", "$__", "$vm", "${"] { #expect(!target.expression.contains(left), "\(target.expression)") }
                #expect(target.step >= 30)
            }
        }
        var json = JSONWriter()
        view.write(into: &json)
        let document = try JSONDocument(parsing: json.bytes)
        document.withRoot { root in
            #expect(root["uid"]?.text == board.uid)
            var count = 0
            root["panels"]?.forEachElement { _ in count += 1 }
            #expect(count == view.panels.count)
        }
    }

    /// Every question answered with two names, or two series.
    private func answered(_ board: Board, _ query: BoardQuery) -> VariableChain {
        var chain = VariableChain(board: board, query: query)
        var rounds = 0
        while !chain.asks.isEmpty, rounds < 100 {
            rounds += 1
            for ask in chain.asks {
                switch ask.question {
                case .queryResult, .series:
                    let series = [("101", "web"), ("102", "db")].map { id, name in
                        SeriesAnswer(
                            labels: [.init("__name__", "vm:info"), .init("vm_id", id), .init("vm_name", name)], times: [1], values: [1])
                    }
                    chain.answer(ask.name, .samples(series))
                default: chain.answer(ask.name, .texts(["one", "two"]))
                }
            }
        }
        return chain
    }

    @Test("The variable of VM Detail shows names and holds numbers")
    func guests() throws {
        let board = try ShippedBoards.read("vm-detail")
        let query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        let variables = answered(board, query).variables
        let guest = try #require(variables.first { $0.variable.name == "vm_id" })
        #expect(guest.options == [VariableOption(text: "db", value: "102"), VariableOption(text: "web", value: "101")])
        #expect(guest.current == ["102"])
    }

    @Test("A table of many queries has a row for each host, with the columns that the board orders and names")
    func clusterTable() throws {
        let board = try ShippedBoards.read("cluster-overview")
        let query = try #require(BoardQuery(from: "now-6h", to: "now", nowMilliseconds: 1_700_000_000_000))
        let view = BoardView(board: board, query: query, variables: answered(board, query))
        let panel = try #require(view.panel("13"))
        #expect(panel.isTable)
        let answers = panel.asked.enumerated().map { index, target in
            TargetAnswer(
                ref: target.ref,
                series: ["pve1", "pve2"].map { node in
                    SeriesAnswer(labels: [.init("cluster", "lab"), .init("node", node)], times: [panel.end], values: [Double(index)])
                })
        }
        let frame = panel.frame(from: answers)
        #expect(frame.fields.map(\.title).prefix(4) == ["Cluster", "Host", "State", "CPU"])
        #expect(frame.length == 2)
        #expect(frame.fields[1].values == [.text("pve1"), .text("pve2")])
        #expect(frame.fields[3].values == [.number(1), .number(1)])
        #expect(frame.fields[3].config["unit"]?.text == "percentunit")
        #expect(!frame.isTruncated)
    }
}
