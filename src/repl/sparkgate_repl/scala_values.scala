// The values of the %json and %table magics as JSON text. Compiled by the session's own compiler when the
// first magic needs it, so it has to be valid in Scala 2.12 and 2.13.
package sparkgate

object Values {
  import java.time.temporal.ChronoUnit
  import org.apache.spark.rdd.RDD
  import org.apache.spark.sql.{Dataset, Row}
  import scala.collection.JavaConverters._

  // Rows that are fetched from an RDD or a Dataset, as many as Livy fetches.
  private val Fetched = 10

  final class NotATable(message: String) extends Exception(message)

  def json(value: Option[Any]): String = {
    val out = new StringBuilder
    write(local(value.get), out)
    out.toString
  }

  /** Livy's table: headers (type, name) and rows. NotATable if the values of a column differ in type. */
  def table(value: Option[Any]): String = {
    val rows = (local(value.get) match {
      case row: Row => Seq(row)
      case map: collection.Map[_, _] => Seq(map)
      case values: Iterable[_] => values.toSeq
      case values: java.lang.Iterable[_] => values.asScala.toSeq
      case values: Array[_] => values.toSeq
      case single => Seq(single)
    }).map(cells)
    val names = rows.flatMap(_.map(_._1)).distinct
    val types = names.map { name =>
      typeOfColumn(rows.flatMap(_.collect { case (`name`, cell) => typeName(cell) }))
    }
    val headers = names.zip(types).map { case (name, kind) => Seq("type" -> kind, "name" -> name) }
    val out = new StringBuilder("{\"headers\":")
    array(headers)(writeObject(_, out), out)
    out.append(",\"data\":")
    array(rows)({ row =>
      val byName = row.toMap
      array(names)(name => write(byName.getOrElse(name, null), out), out)
    }, out)
    out.append('}').toString
  }

  private def local(value: Any): Any = value match {
    case rdd: RDD[_] => rdd.take(Fetched).toSeq
    case dataset: Dataset[_] => dataset.toDF().take(Fetched).toSeq
    case other => other
  }

  private def cells(row: Any): Seq[(String, Any)] = row match {
    case row: Row if row.schema != null => row.schema.fieldNames.toSeq.zip(row.toSeq)
    case row: Row => numbered(row.toSeq)
    case map: collection.Map[_, _] => entries(map).sortBy(_._1)
    case map: java.util.Map[_, _] => entries(map.asScala).sortBy(_._1)
    case values: Iterable[_] => numbered(values.toSeq)
    case values: java.lang.Iterable[_] => numbered(values.asScala.toSeq)
    case values: Array[_] => numbered(values.toSeq)
    case _: Option[_] | _: Either[_, _] => Seq("0" -> row)
    case product: Product if product.productArity > 0 => fields(product)
    case single => Seq("0" -> single)
  }

  private def numbered(values: Seq[Any]): Seq[(String, Any)] =
    values.zipWithIndex.map { case (value, index) => index.toString -> value }

  private def entries(map: collection.Map[_, _]): Seq[(String, Any)] =
    map.toSeq.map { case (key, value) => String.valueOf(key) -> (value: Any) }

  private def typeOfColumn(types: Seq[String]): String = types.distinct.filter(_ != "NULL_TYPE") match {
    case Seq() => "NULL_TYPE"
    case Seq(one) => one
    case _ => throw new NotATable("table rows have different types")
  }

  private def typeName(value: Any): String = value match {
    case null | None | () => "NULL_TYPE"
    case Some(inner) => typeName(inner)
    case _: Boolean => "BOOLEAN_TYPE"
    case _: Byte | _: Short | _: Int | _: Long | _: BigInt | _: java.math.BigInteger => "BIGINT_TYPE"
    case _: Float | _: Double => "DOUBLE_TYPE"
    case _: BigDecimal | _: java.math.BigDecimal => "DECIMAL_TYPE"
    case row: Row => if (row.schema != null) "MAP_TYPE" else "ARRAY_TYPE"
    case _: collection.Map[_, _] | _: java.util.Map[_, _] => "MAP_TYPE"
    case _: Iterable[_] | _: java.lang.Iterable[_] | _: Array[_] => "ARRAY_TYPE"
    case product: Product if product.productArity > 0 => "MAP_TYPE"
    case _ => "STRING_TYPE"
  }

  private def write(value: Any, out: StringBuilder): Unit = value match {
    case null | None | () => out.append("null")
    case Some(inner) => write(inner, out)
    case Left(inner) => write(inner, out)
    case Right(inner) => write(inner, out)
    case number: Double => out.append(finite(number.isNaN, number.isInfinite, number.toString))
    case number: Float => out.append(finite(number.isNaN, number.isInfinite, number.toString))
    case _: Boolean | _: Byte | _: Short | _: Int | _: Long => out.append(value)
    case _: BigInt | _: BigDecimal | _: java.math.BigInteger | _: java.math.BigDecimal => out.append(value)
    case row: Row if row.schema != null => writeObject(cells(row), out)
    case row: Row => array(row.toSeq)(write(_, out), out)
    case map: collection.Map[_, _] => writeObject(entries(map), out)
    case map: java.util.Map[_, _] => writeObject(entries(map.asScala), out)
    case values: Iterable[_] => array(values)(write(_, out), out)
    case values: java.lang.Iterable[_] => array(values.asScala)(write(_, out), out)
    case values: Array[_] => array(values)(write(_, out), out)
    case product: Product if product.productArity > 0 => writeObject(fields(product), out)
    case date: java.sql.Date => writeString(date.toString, out)
    case time: java.sql.Time => writeString(time.toString, out)
    case time: java.util.Date => writeString(time.toInstant.truncatedTo(ChronoUnit.SECONDS).toString, out)
    case symbol: Symbol => writeString(symbol.name, out)
    case other => writeString(other.toString, out)
  }

  // As in SQL results.
  private def finite(isNaN: Boolean, isInfinite: Boolean, text: String): String =
    if (isNaN) "null" else if (isInfinite) "\"" + text + "\"" else text

  // The names of a case class are not in the Product of Scala 2.12; its fields are the class's first ones.
  private def fields(product: Product): Seq[(String, Any)] = {
    val declared = product.getClass.getDeclaredFields.toSeq
      .filterNot(field => field.isSynthetic || java.lang.reflect.Modifier.isStatic(field.getModifiers))
      .map(field => scala.reflect.NameTransformer.decode(field.getName).trim)
      .filterNot(name => name.startsWith("$") || name.contains("$mc"))
    val values = product.productIterator.toSeq
    val isTuple = product.getClass.getName.startsWith("scala.Tuple")
    val unnamed = isTuple || declared.size < values.size
    (if (unnamed) values.indices.map(index => s"_${index + 1}") else declared).zip(values)
  }

  private def array[T](values: Iterable[T])(one: T => Unit, out: StringBuilder): Unit = {
    out.append('[')
    var first = true
    values.foreach { value =>
      if (!first) out.append(',')
      first = false
      one(value)
    }
    out.append(']')
  }

  private def writeObject(members: Seq[(String, Any)], out: StringBuilder): Unit = {
    out.append('{')
    var first = true
    members.foreach { case (name, value) =>
      if (!first) out.append(',')
      first = false
      writeString(name, out)
      out.append(':')
      write(value, out)
    }
    out.append('}')
  }

  private def writeString(text: String, out: StringBuilder): Unit = {
    out.append('"')
    text.foreach {
      case '"' => out.append("\\\"")
      case '\\' => out.append("\\\\")
      case c if c < ' ' => out.append("\\u%04x".format(c.toInt))
      case c => out.append(c)
    }
    out.append('"')
  }
}
