/// How long objects wait that will be told when what they wait for has come.
enum Waiting {
    /// Now and then all the same, in seconds. A tenth at random, so that all who wait for one thing do not come together.
    static var toldSeconds: Double { 600 * Double.random(in: 0.9...1.1) }
    /// Where nobody tells, in seconds.
    static var untoldSeconds: Double { Double.random(in: 30...60) }
}
