#include "graph.h"

namespace topkit {

Graph::Graph(std::shared_ptr<Context> owner, CUgraphExec exec, std::size_t nodes, std::vector<std::shared_ptr<LaunchList>> lists)
    : context(std::move(owner)), exec(exec), nodes(nodes), defaultStream(Stream::Default(context)), lists(std::move(lists)) {}

Graph::~Graph() {
  Quietly(*context, [this](const Driver& driver) { driver.cuGraphExecDestroy(exec); });
}

std::shared_ptr<Graph> Graph::Instantiate(std::shared_ptr<Context> context, CUgraph graph, std::vector<std::shared_ptr<LaunchList>> lists) {
  const Driver& driver = context->driver;
  const Current current(*context);
  std::size_t nodes = 0;
  CUgraphExec exec = nullptr;
  const CUresult counted = driver.cuGraphGetNodes(graph, nullptr, &nodes);
  const CUresult instantiated = counted == CUDA_SUCCESS ? driver.cuGraphInstantiateWithFlags(&exec, graph, 0) : counted;
  driver.cuGraphDestroy(graph);
  Check(driver, counted, "cuGraphGetNodes");
  Check(driver, instantiated, "cuGraphInstantiateWithFlags", "making a graph of " + std::to_string(nodes) + " launches");
  return std::make_shared<Graph>(std::move(context), exec, nodes, std::move(lists));
}

Napi::Object Graph::New(Napi::Env env, std::shared_ptr<Graph> graph) {
  const auto nodes = static_cast<double>(graph->nodes);
  Napi::Object object = Handle<Graph>::New(env, std::move(graph));
  object.DefineProperty(Napi::PropertyDescriptor::Value("nodes", Napi::Number::New(env, nodes), napi_enumerable));
  return object;
}

namespace {

using Self = Handle<Graph>;

Napi::Value Launch(const Napi::CallbackInfo& info, const Self::Slot& self) {
  const std::shared_ptr<Stream> stream = StreamOf(info.Env(), info[0], self->defaultStream);
  stream->RequireEager("a graph's launch");
  const Current current(*self->context);
  for (const std::shared_ptr<LaunchList>& list : self->lists) list->sequence.MoveTo(stream);
  CU(self->context->driver, cuGraphLaunch, self->exec, stream->handle);
  return info.Env().Undefined();
}

}  // namespace

void Graph::Define(Napi::Env env) { Self::Define(env, {Self::Function("launch", Self::Method<Launch>), Self::Function("close", Self::Close)}); }

}  // namespace topkit
