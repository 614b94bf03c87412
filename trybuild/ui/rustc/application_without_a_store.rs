use es_runtime::Application;

fn main() {
    let application = Application::new();
}
