package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;

public class Handler implements RequestHandler<Map<String, String>, Map<String, String>> {
  @Override
  public Map<String, String> handleRequest(Map<String, String> event, Context context) {
    if ("fail".equals(event.get("do"))) {
      throw new IllegalStateException("it failed");
    }
    context.getLogger().log("java says " + event.get("do") + "\n");
    return Map.of("function", context.getFunctionName());
  }
}
