import { describeCompany } from "./scenario.ts";

describeCompany("embedded");
